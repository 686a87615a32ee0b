"""The database clock, which alone decides which roles are held now."""

from datetime import datetime

from sqlalchemy import Connection


def now(connection: Connection) -> datetime:
    """The start time of this transaction in UTC; the same for all of its statements."""
    time: datetime = connection.exec_driver_sql("select now()").scalar_one()
    return time


def after_wait(connection: Connection) -> datetime:
    """The time of this statement in UTC: what a change is judged by that has waited for locks."""
    time: datetime = connection.exec_driver_sql("select clock_timestamp()").scalar_one()
    return time
