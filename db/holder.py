"""The user whose roles are about to change: locked, so that everything about one user happens in an order."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Holder:
    """A locked user."""

    id: int
    deleted: bool
    now: datetime
    """The database's clock."""


def lock(connection: Connection, clerk_id: str) -> Holder | None:
    """Lock a user until the transaction ends; None if we never heard of the user."""
    rows = connection.exec_driver_sql(
        "select id, deleted_at is not null, now() from users where clerk_id = %s for no key update", (clerk_id,)
    )
    return next((Holder(*row) for row in rows), None)
