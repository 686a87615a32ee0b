"""The admins: there is to be one at every time that has one already."""

from datetime import datetime

from sqlalchemy import Connection

LOCK = "select from locks where name = 'admins' for update"
"""Locks the row that lets one transaction at a time take an ADMIN away. No other role has a right to lock it."""


class LockMissing(Exception):
    """The table `locks` lacks its row `admins`. As the owner, run: insert into akako.locks (name) values ('admins')."""


def lock(connection: Connection) -> None:
    """Wait until no other transaction is about to take an ADMIN away, and keep others waiting until this one ends."""
    if connection.exec_driver_sql(LOCK).rowcount != 1:
        raise LockMissing(LockMissing.__doc__)


def would_be_missing(connection: Connection, assignment_id: int, end: datetime | None) -> bool:
    """Whether there would be a time without any ADMIN if this assignment ended then (None: now).

    What counts are the holders that are living and not banned, at every instant from now to the end that the
    assignment has: whoever holds the role for a while only does not stand in for one that holds it for good. An
    assignment that does not count itself can be ended by anyone.
    """
    # The change counts from its commit on, which is later than the transaction's own now().
    found = connection.exec_driver_sql(
        """
        with counting as (
            select user_roles.id, effective_start_date as start, effective_end_date as end
            from user_roles join users on users.id = user_roles.user_id
            where role = 'ADMIN' and is_active and deleted_at is null and not banned
        )
        select exists (
            select from counting as leaving
            where id = %(id)s and not tstzrange(
                least(greatest(leaving.start, %(end)s::timestamptz, clock_timestamp()),
                      coalesce(leaving.end, 'infinity')),
                leaving.end
            ) <@ (
                select coalesce(range_agg(tstzrange(others.start, others.end)), '{}')
                from counting as others where others.id <> leaving.id))
        """,
        {"id": assignment_id, "end": end},
    )
    return bool(found.scalar_one())
