"""The services shared by all endpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from akako_guard.role import Role
from api.activity_cache import ActivityCache
from api.first_login import FirstLogins
from api.refusal_audit import RefusalAudit
from api.user_locks import UserLocks
from clerk.backend import Backend
from clerk.signature import SigningSecrets
from health.components import Components
from health.database import DatabaseProbe
from reconcile.pace import SharedPace
from roles.final_order import FinalOrder
from sync.deletion_limits import DeletionLimits


@dataclass(frozen=True, slots=True)
class Services:
    """Shared by all endpoints: database, user locks, first logins, audit of refusals, Clerk, settings."""

    engine: Engine
    user_locks: UserLocks
    first_logins: FirstLogins
    refusal_audit: RefusalAudit
    default_role: Role
    signing_secrets: SigningSecrets | None
    """None if the signing secrets are not configured for this process."""
    final_order: FinalOrder
    backend: Backend
    pace: SharedPace
    """Of the requests to Clerk about several users, of all requests to this process together."""
    deletion_limits: DeletionLimits
    database_probe: DatabaseProbe
    components: Components
    activity: ActivityCache

    @contextmanager
    def changing(self, *subjects: str) -> Iterator[Connection]:
        """A transaction that holds the locks of these users, including the author. Raises Busy."""
        with self.user_locks.take(*subjects), self.engine.begin() as connection:
            yield connection
