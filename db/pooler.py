"""Finds out whether a connection leads through a pooler that gives each transaction another session."""

from collections.abc import Callable

import psycopg

from db.link import Link, conninfo, open_link

ROUNDS = 10


class TransactionPooler(Exception):
    """The URL leads through a pooler in transaction mode, and migrations need PostgreSQL itself."""

    def __str__(self) -> str:
        return (
            "The URL leads through a pooler in transaction mode, and migrations need a session of their own.\n"
            "Set DATABASE_OWNER_URL to the URL of PostgreSQL itself: your host shows it as the direct connection."
        )


def pools_transactions(link: Link, another: Callable[[], Link]) -> bool | None:
    """Whether the session behind an idle connection is lent to others, which a second connection shows; None: unknown.

    A pooler makes up the process id that it gives to a client, so one round trip is enough where there is none.
    """
    if link.info.backend_pid == _session(link):
        return False
    try:
        with another() as second:
            return _share_sessions(link, second)
    except psycopg.OperationalError:
        return None


def _share_sessions(one: Link, other: Link) -> bool:
    seen: tuple[set[int], set[int]] = set(), set()
    for _ in range(ROUNDS):
        seen[0].add(_session(one))
        seen[1].add(_session(other))
        if seen[0] & seen[1] or max(map(len, seen)) > 1:
            return True
    return False


def _session(link: Link) -> int:
    row = link.execute("select pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0


def refuse(url: str) -> None:
    """Raise TransactionPooler if the URL leads through one."""
    address = conninfo(url, "migrate")
    with open_link(address) as link:
        if pools_transactions(link, lambda: open_link(address)):
            raise TransactionPooler
