"""Leases: what one process at a time does, on any number of hosts, until a time of the database's clock."""

from sqlalchemy import Connection

DIRECT_APPLY = "direct_apply"
"""Applying due events in the worker itself while the queue takes no messages."""
BACKFILL = "backfill"
"""Reading all users of Clerk."""
RECONCILE = "reconcile"
"""Asking Clerk continuously."""


def take(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease for `seconds`; false if another process holds it."""
    taken = connection.exec_driver_sql(
        """
        insert into leases (name, holder, expires_at)
        values (%s, %s, clock_timestamp() + make_interval(secs => %s))
        on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where leases.holder = excluded.holder or leases.expires_at <= clock_timestamp()
        """,
        (name, holder, seconds),
    )
    return taken.rowcount == 1


def give_back(connection: Connection, name: str, holder: str) -> None:
    """End a lease, so that another process need not wait for its time to pass."""
    connection.exec_driver_sql(
        "update leases set expires_at = clock_timestamp() where name = %s and holder = %s", (name, holder)
    )


def is_held(connection: Connection, name: str) -> bool:
    """Whether any process holds this lease now."""
    found = connection.exec_driver_sql(
        "select exists (select from leases where name = %s and expires_at > clock_timestamp())", (name,)
    )
    return bool(found.scalar_one())
