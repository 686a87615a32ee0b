"""What a caller may do: asked of the database for each request, and decided here alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

from starlette.requests import HTTPConnection

from access.caller import Caller, SessionUser, UnverifiedUser
from access.denials import FORBIDDEN, UNAUTHORIZED, UNAVAILABLE, Denied
from access.endpoints import guarded
from access.lookup import LookupUnavailable
from clerk.session import Session
from config.role import Role, suffice
from db.callers import KnownUser

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a caller has to be: a decorator for endpoints, and with `caller` a FastAPI dependency."""

    roles: frozenset[Role]
    all_of: bool

    def __call__(self, endpoint: Callable[P, Any]) -> Callable[P, Any]:
        """The endpoint behind this guard: a function or method of a request or WebSocket, or an ASGI application."""
        return guarded(endpoint, self.caller)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """The caller, who is in `connection.user` from here on. Raises Denied."""
        caller = await _caller(connection)
        if not meets(caller.roles, self):
            raise Denied(FORBIDDEN)
        return caller


def require(*roles: Role, all_of: bool = False) -> Requirement:
    """Let in who holds one of the roles now, or all of them; without roles, every user that we know."""
    return Requirement(frozenset(map(Role, roles)), all_of)


def signed_in(endpoint: Callable[P, Any]) -> Callable[P, Any]:
    """Let in whoever brings a valid token, also one whose user we do not know; the database is not asked."""
    return guarded(endpoint, _visitor)


def meets(held: frozenset[Role], requirement: Requirement) -> bool:
    """Whether the roles held are enough."""
    return suffice(held, requirement.roles, all_of=requirement.all_of)


def living(known: KnownUser | None, session: Session, impersonator: KnownUser | None = None) -> Caller:
    """The caller that a session's user is. Raises Denied for one that we do not know, or that is deleted or banned.

    An impersonator may be unknown, as members of Clerk's dashboard are; one that we know must be neither deleted nor
    banned: Clerk ends the sessions of a banned user, but not the sessions of others that this user started.
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


async def _visitor(connection: HTTPConnection) -> SessionUser | Caller:
    """Somebody with a valid token. Raises Denied."""
    try:
        user = connection.scope["user"]
    except KeyError:
        raise RuntimeError("nobody asked who is calling: add AuthenticationMiddleware to the application") from None
    if isinstance(user, UnverifiedUser):
        raise Denied(UNAVAILABLE)
    if not isinstance(user, (SessionUser, Caller)):
        raise Denied(UNAUTHORIZED)
    return user


async def _caller(connection: HTTPConnection) -> Caller:
    """The caller as the database knows it now; asked once a request, however many guards stand in a row."""
    user = await _visitor(connection)
    if isinstance(user, Caller):
        return user
    try:
        known = await user.look_up(user.session.clerk_id)
        impersonator = await user.look_up(user.session.actor) if user.session.actor else None
    except LookupUnavailable:
        raise Denied(UNAVAILABLE) from None
    caller = living(known, user.session, impersonator)
    connection.scope["user"] = caller
    return caller
