"""Who is calling: a verified session, and the user it belongs to as our database knows it now."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.authentication import BaseUser, UnauthenticatedUser
from starlette.requests import HTTPConnection

from clerk.session import Session
from config.role import Role
from db.callers import KnownUser


class UnverifiedUser(UnauthenticatedUser):
    """Somebody whose token can neither be accepted nor refused now: Clerk's keys could not be fetched yet."""


@dataclass(frozen=True, slots=True)
class SessionUser(BaseUser):
    """Somebody with a valid token; whether we know the user, and what the user may do, has not been asked yet."""

    session: Session
    look_up: Callable[[str], Awaitable[KnownUser | None]]
    """Asks the database, each time anew. Raises `lookup.Unavailable`."""

    @property
    def is_authenticated(self) -> bool:
        """Clerk vouches for the session."""
        return True

    @property
    def display_name(self) -> str:
        """Clerk's id: nothing else is known yet."""
        return self.session.clerk_id

    @property
    def identity(self) -> str:
        """Clerk's id of the user."""
        return self.session.clerk_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller(BaseUser):
    """A living user of ours that is not banned, with the roles held when the request came."""

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
        """Who impersonates the user (Clerk's id); None when the user is there in person."""
        return self.session.actor

    @property
    def is_authenticated(self) -> bool:
        """Clerk vouches for the session, and we know the user."""
        return True

    @property
    def display_name(self) -> str:
        """The user's name, or what there is in its place."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email or self.clerk_id

    @property
    def identity(self) -> str:
        """Clerk's id of the user."""
        return self.clerk_id


def of(connection: HTTPConnection) -> Caller:
    """The caller of a request that `require` let through."""
    user = connection.scope.get("user")
    if not isinstance(user, Caller):
        raise LookupError("no caller here: guard this endpoint with access.guard.require")
    return user


def session_of(connection: HTTPConnection) -> Session:
    """The session of a request that `require` or `signed_in` let through."""
    user = connection.scope.get("user")
    if not isinstance(user, (Caller, SessionUser)):
        raise LookupError("no session here: guard this endpoint with access.guard.require or signed_in")
    return user.session
