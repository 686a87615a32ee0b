"""What every endpoint of the desk works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from api.first_login import FirstLogins
from api.refusal_audit import RefusalAudit
from api.user_locks import UserLocks
from clerk.signature import SigningSecrets
from config.role import Role
from roles.final_order import FinalOrder


@dataclass(frozen=True, slots=True)
class Services:
    """What the endpoints share: the database, locks per user, first logins, refused requests, the default role."""

    engine: Engine
    user_locks: UserLocks
    first_logins: FirstLogins
    refusal_audit: RefusalAudit
    default_role: Role
    signing_secrets: SigningSecrets | None
    """None if the signing secrets are not known here."""
    final_order: FinalOrder

    @contextmanager
    def changing(self, *subjects: str) -> Iterator[Connection]:
        """A transaction that locks these users, the author among them. Raises Busy."""
        with self.user_locks.take(*subjects), self.engine.begin() as connection:
            yield connection
