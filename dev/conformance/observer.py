"""Access to the receiver's tables and its Clerk API, for runs that judge more than HTTP responses."""

from dataclasses import dataclass
from typing import Protocol

from dev.conformance.scenario import Step


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A user as the receiver stored it."""

    row: str
    """The row's own id, which must not pass from one user to another."""
    present: bool
    """False if the user is marked as deleted."""
    email: str | None
    first_name: str | None
    last_name: str | None
    banned: bool | None
    """None if the receiver has no such column."""


class Observer(Protocol):
    """Looks into the receiver's tables."""

    def before(self, step: Step) -> None:
        """Called before a request is sent: Clerk's API has to return the user in it from now on."""

    def settle(self) -> None:
        """Wait until everything that was accepted is applied."""

    def user(self, clerk_id: str) -> StoredUser | None:
        """The stored user, or None."""
