"""What every endpoint of the desk works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from api.first_login import Newcomers
from api.refusal_audit import RefusedRequests
from api.user_locks import Turns
from clerk.signature import Seals
from config.role import Role
from roles.final_order import FinalOrder


@dataclass(frozen=True, slots=True)
class Desk:
    """What the endpoints share: the database, locks per user, first logins, refused requests, the default role."""

    engine: Engine
    turns: Turns
    newcomers: Newcomers
    refused: RefusedRequests
    default_role: Role
    seals: Seals | None
    """None if the signing secrets are not known here."""
    final_order: FinalOrder

    @contextmanager
    def changing(self, *subjects: str) -> Iterator[Connection]:
        """A transaction that locks these users, the author among them. Raises Busy."""
        with self.turns.take(*subjects), self.engine.begin() as connection:
            yield connection
