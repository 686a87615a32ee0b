"""Reads the user whose roles are about to change, after `permission.lock_and_check` has locked the row."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class LockedUser:
    """A user whose row this transaction has locked."""

    id: int
    deleted: bool
    now: datetime
    """The time by the database clock."""


def read(connection: Connection, clerk_id: str) -> LockedUser | None:
    """The user, whose row must be locked already; None if the user is unknown."""
    rows = connection.exec_driver_sql(
        "select id, deleted_at is not null, now() from users where clerk_id = %s", (clerk_id,)
    )
    return next((LockedUser(*row) for row in rows), None)
