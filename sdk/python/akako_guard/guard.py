"""Authorization: looks up the caller in the database for each request and checks the required roles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

from starlette.requests import HTTPConnection

from akako_guard.caller import Caller, SessionUser, UnverifiedUser
from akako_guard.database.callers import KnownUser
from akako_guard.denials import FORBIDDEN, UNAUTHORIZED, UNAVAILABLE, Denied
from akako_guard.endpoints import guarded
from akako_guard.lookup import LookupUnavailable
from akako_guard.role import Role, suffice
from akako_guard.session import Session

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Requirement:
    """The roles that a caller needs. A decorator for endpoints; its method `caller` is a FastAPI dependency."""

    roles: frozenset[Role]
    all_of: bool

    def __call__(self, endpoint: Callable[P, Any]) -> Callable[P, Any]:
        """Guard an endpoint: a function or method of a request or WebSocket, or an ASGI application."""
        return guarded(endpoint, self.caller)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """The caller, which is also set as `connection.user`. Raises Denied."""
        caller = await _caller(connection)
        if not meets(caller.roles, self):
            raise Denied(FORBIDDEN)
        return caller


def require(*roles: Role, all_of: bool = False) -> Requirement:
    """Require one of the roles, or all of them with `all_of`; without roles, any known user is admitted."""
    return Requirement(frozenset(map(Role, roles)), all_of)


def signed_in(endpoint: Callable[P, Any]) -> Callable[P, Any]:
    """Require a valid token only. The user may be unknown; the database is not queried."""
    return guarded(endpoint, _session_user)


def meets(held: frozenset[Role], requirement: Requirement) -> bool:
    """Whether the roles held satisfy the requirement."""
    return suffice(held, requirement.roles, all_of=requirement.all_of)


def active_caller(known: KnownUser | None, session: Session, impersonator: KnownUser | None = None) -> Caller:
    """The caller for a session's user. Raises Denied if the user is unknown, deleted or banned.

    An impersonator may be unknown, like members of Clerk's dashboard, but a known one must be neither deleted nor
    banned: when a user is banned, Clerk ends the user's own sessions, but not sessions in which this user impersonates
    others.
    """
    if known is None or known.deleted:
        raise Denied(UNAUTHORIZED)
    if known.banned or (impersonator is not None and (impersonator.banned or impersonator.deleted)):
        raise Denied(FORBIDDEN)
    return Caller(
        user_id=known.id,
        clerk_id=known.clerk_id,
        email=known.email,
        first_name=known.first_name,
        last_name=known.last_name,
        roles=known.roles,
        session=session,
    )


async def _session_user(connection: HTTPConnection) -> SessionUser | Caller:
    """The user of a valid token. Raises Denied."""
    try:
        user = connection.scope["user"]
    except KeyError:
        raise RuntimeError("the scope has no user: call akako_guard.install(app, authentication)") from None
    if isinstance(user, UnverifiedUser):
        raise Denied(UNAVAILABLE)
    if not isinstance(user, (SessionUser, Caller)):
        raise Denied(UNAUTHORIZED)
    return user


async def _caller(connection: HTTPConnection) -> Caller:
    """The caller as currently stored in the database; queried once per request, even with several nested guards."""
    user = await _session_user(connection)
    if isinstance(user, Caller):
        return user
    try:
        known = await user.look_up(user.session.clerk_id)
        impersonator = await user.look_up(user.session.actor) if user.session.actor else None
    except LookupUnavailable:
        raise Denied(UNAVAILABLE) from None
    caller = active_caller(known, user.session, impersonator)
    connection.scope["user"] = caller
    return caller
