"""Where the users of a realm are read: an export, or Keycloak's database."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from keycloak.realm import Realm
from keycloak.user import User

Advance = Callable[[int], None]
"""Receives how much was read since the last call."""


class RealmSource(Protocol):
    """The users of one realm, whose settings were read."""

    @property
    def name(self) -> str:
        """What was read, for people: a path, or the address of a database without user and password."""

    @property
    def realm(self) -> Realm:
        """The settings."""

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the other realms beside it."""

    @property
    def written_at(self) -> datetime:
        """Until when changes in Keycloak are in it."""

    @property
    def size(self) -> int:
        """How much `users` reads, in the unit of Advance."""

    def users(self, advance: Advance = ...) -> Iterator[User]:
        """Every user, each time in the same order. Raises ExportRefused."""
