"""The database clock, which alone decides which roles are held now."""

from datetime import datetime

from sqlalchemy import Connection


def now(connection: Connection) -> datetime:
    """The start time of this transaction in UTC; the same for all of its statements."""
    time: datetime = connection.exec_driver_sql("select now()").scalar_one()
    return time
