"""The user whose roles are about to change; `permission.admit` locks the row first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class LockedUser:
    """A user whose row this transaction has locked."""

    id: int
    deleted: bool
    now: datetime
    """The database's clock."""


def read(connection: Connection, clerk_id: str) -> LockedUser | None:
    """The user, whose row has to be locked already; None if we never heard of the user."""
    rows = connection.exec_driver_sql(
        "select id, deleted_at is not null, now() from users where clerk_id = %s", (clerk_id,)
    )
    return next((LockedUser(*row) for row in rows), None)
