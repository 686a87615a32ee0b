"""Detects a connection pooler in transaction mode."""

from collections.abc import Callable

import psycopg

from akako_guard.database.driver import DriverConnection, conninfo, open_connection

ROUNDS = 10


class TransactionPooler(Exception):
    """The URL points to a pooler in transaction mode, but migrations need a direct connection to PostgreSQL."""

    def __str__(self) -> str:
        return (
            "The URL points to a pooler in transaction mode, but migrations need a session of their own.\n"
            "Set DATABASE_OWNER_URL to the URL of PostgreSQL itself: your provider shows it as the direct connection."
        )


def pools_transactions(connection: DriverConnection, another: Callable[[], DriverConnection]) -> bool | None:
    """Whether the server session of an idle connection is shared, which a second connection reveals; None: unknown.

    Poolers report an invented process id to clients, so without a pooler one round trip is enough.
    """
    if connection.info.backend_pid == _session(connection):
        return False
    try:
        with another() as second:
            return _share_sessions(connection, second)
    except psycopg.OperationalError:
        return None


def _share_sessions(one: DriverConnection, other: DriverConnection) -> bool:
    seen: tuple[set[int], set[int]] = set(), set()
    for _ in range(ROUNDS):
        seen[0].add(_session(one))
        seen[1].add(_session(other))
        if seen[0] & seen[1] or max(map(len, seen)) > 1:
            return True
    return False


def _session(connection: DriverConnection) -> int:
    row = connection.execute("select pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0


def refuse(url: str) -> None:
    """Raise TransactionPooler if the URL points to a pooler in transaction mode."""
    address = conninfo(url, "migrate")
    with open_connection(address) as connection:
        if pools_transactions(connection, lambda: open_connection(address)):
            raise TransactionPooler
