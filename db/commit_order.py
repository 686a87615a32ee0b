"""Which transactions may still add lines to the trail: ids are taken in another order than transactions commit in.

A transaction that writes a line takes `ROW EXCLUSIVE` on the table before it takes the line's id, and keeps it until
it has ended. So once every transaction that held that lock when the newest line was read has ended, no line up to that
one can appear any more. Neither writers nor readers wait for each other.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from db import faults

# A prepared transaction is listed under a virtual transaction id that differs from the one it had before; it has no
# process, and is counted as a writer by that.
_WRITERS = """
    select virtualtransaction, pid from pg_locks
    where locktype = 'relation' and mode = 'RowExclusiveLock' and granted and relation = 'audit_log'::regclass
      and database = (select oid from pg_database where datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that may have taken ids of lines that are not visible yet."""

    transaction: str
    pid: int | None
    """The process of its session; None for a prepared transaction."""


def newest(connection: Connection) -> int:
    """The id of the newest visible line; 0 if there is none. Raises NotPrimary: a standby does not list all locks."""
    row = connection.exec_driver_sql(
        "select current_setting('transaction_read_only')::boolean, coalesce((select max(id) from audit_log), 0)"
    ).one()
    if row[0]:
        raise faults.NotPrimary
    return int(row[1])


def writers(connection: Connection) -> frozenset[Writer]:
    """The transactions that are writing to the trail now."""
    return frozenset(Writer(*row) for row in connection.exec_driver_sql(_WRITERS))
