"""The caller of a request: a verified session, and its user as currently stored in the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.authentication import BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection

from akako_guard.database.callers import KnownUser
from akako_guard.role import Role
from akako_guard.session import Session


class UnverifiedUser(UnauthenticatedUser):
    """A caller whose token can be neither accepted nor refused, because Clerk's keys have not been fetched yet."""


@dataclass(frozen=True, slots=True)
class SessionUser(BaseUser):
    """A caller with a valid token whose user has not been looked up in the database."""

    session: Session
    look_up: Callable[[str], Awaitable[KnownUser | None]]
    """Queries the database on every call. Raises `LookupUnavailable`."""

    @property
    def is_authenticated(self) -> bool:
        """True: the session is verified."""
        return True

    @property
    def display_name(self) -> str:
        """Clerk's id of the user; the name has not been looked up."""
        return self.session.clerk_id

    @property
    def identity(self) -> str:
        """Clerk's id of the user."""
        return self.session.clerk_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller(BaseUser):
    """A user in the database, neither deleted nor banned, with the roles held at the time of the request."""

    user_id: int
    clerk_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    roles: frozenset[Role]
    session: Session

    @property
    def session_id(self) -> str | None:
        """Clerk's id of the session; None if the token was made from a JWT template."""
        return self.session.session_id

    @property
    def actor(self) -> str | None:
        """Clerk's id of the impersonator; None without impersonation."""
        return self.session.actor

    @property
    def is_authenticated(self) -> bool:
        """True: the session is verified and the user is in the database."""
        return True

    @property
    def display_name(self) -> str:
        """The user's name, or else the e-mail address, or else Clerk's id."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email or self.clerk_id

    @property
    def identity(self) -> str:
        """Clerk's id of the user."""
        return self.clerk_id


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller of a request that `require` has admitted. Raises LookupError elsewhere."""
    user = connection.scope.get("user")
    if not isinstance(user, Caller):
        raise LookupError("the request has no caller: guard this endpoint with akako_guard.require")
    return user


def session_of(connection: HTTPConnection) -> Session:
    """The session of a request that `require` or `signed_in` has admitted. Raises LookupError elsewhere."""
    user = connection.scope.get("user")
    if not isinstance(user, (Caller, SessionUser)):
        raise LookupError("the request has no session: guard this endpoint with akako_guard.require or signed_in")
    return user.session
