"""The database's clock: the only one that decides what is held now."""

from datetime import datetime

from sqlalchemy import Connection


def now(connection: Connection) -> datetime:
    """The time of this transaction, in UTC; the same for all of its statements."""
    moment: datetime = connection.exec_driver_sql("select now()").scalar_one()
    return moment
