"""What every endpoint of the desk works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from access.final_order import FinalOrder
from api.turns import Turns
from clerk.backend import Backend
from clerk.signature import Seals
from config.role import Role


@dataclass(frozen=True, slots=True)
class Desk:
    """The database and whose turn it is to change it, Clerk's Backend API, and what else the endpoints share."""

    engine: Engine
    turns: Turns
    backend: Backend
    default_role: Role
    seals: Seals | None
    """None if the signing secrets are not known here."""
    final_order: FinalOrder

    @contextmanager
    def changing(self, clerk_id: str) -> Iterator[Connection]:
        """A transaction that changes something about a user. Raises Busy."""
        with self.turns.take(clerk_id), self.engine.begin() as connection:
            yield connection
