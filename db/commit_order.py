"""Finds the transactions that may still add lines to the audit trail: ids are not assigned in commit order.

A transaction that writes a line takes a `ROW EXCLUSIVE` lock on the table before it gets the id of the line, and holds
it until it ends. Therefore, once all transactions that held this lock when the newest line was read have ended, no line
up to that one can appear any more. Neither writers nor readers block each other.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from akako_guard.database import faults

# After PREPARE TRANSACTION, a transaction is listed with another virtual transaction id and without a process. It still
# counts as a writer.
_WRITERS = """
    select virtualtransaction, pid from pg_locks
    where locktype = 'relation' and mode = 'RowExclusiveLock' and granted and relation = 'audit_log'::regclass
      and database = (select oid from pg_database where datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that may have inserted lines that are not visible yet."""

    transaction: str
    pid: int | None
    """Process id of its session; None for a prepared transaction."""


def newest(connection: Connection) -> int:
    """The id of the newest visible line; 0 if there is none. Raises NotPrimary: a standby does not list all locks."""
    row = connection.exec_driver_sql(
        "select current_setting('transaction_read_only')::boolean, coalesce((select max(id) from audit_log), 0)"
    ).one()
    if row[0]:
        raise faults.NotPrimary
    return int(row[1])


def writers(connection: Connection) -> frozenset[Writer]:
    """The transactions that are writing to the audit trail now."""
    return frozenset(Writer(*row) for row in connection.exec_driver_sql(_WRITERS))
