"""Ensures that no time that has an ADMIN is left without one."""

from datetime import datetime

from sqlalchemy import Connection

from db.held import REFUSED

LOCK = "select from locks where name = 'admins' for update"
"""Locks the row that serialises transactions that end an ADMIN assignment. No other role may lock it."""


class LockMissing(Exception):
    """The table `locks` lacks its row `admins`. As the owner, run: insert into akako.locks (name) values ('admins')."""


def lock(connection: Connection) -> None:
    """Serialise with other transactions that end an ADMIN assignment, until this transaction ends."""
    if connection.exec_driver_sql(LOCK).rowcount != 1:
        raise LockMissing(LockMissing.__doc__)


def exist(connection: Connection) -> bool:
    """Whether any user that is neither deleted nor banned holds ADMIN now."""
    found = connection.exec_driver_sql("select exists (select from current_roles where role = 'ADMIN')")
    return bool(found.scalar_one())


def would_be_missing(connection: Connection, assignment_id: int, end: datetime | None) -> bool:
    """Whether there would be a time without any ADMIN if this assignment ended at `end` (None: now).

    Only assignments of users who are neither deleted nor refused (`db/held.py`) count, at every instant from now to the
    current end of the assignment: an ADMIN with an end cannot replace one without an end. An assignment that does not
    count itself can always be ended.
    """
    # The change takes effect when it commits, which is later than the transaction's now().
    found = connection.exec_driver_sql(
        f"""
        with counting as (
            select user_roles.id, effective_start_date as start, effective_end_date as end
            from user_roles join users on users.id = user_roles.user_id
            where role = 'ADMIN' and is_active and deleted_at is null and not {REFUSED}
        )
        select exists (
            select from counting as leaving
            where id = %(id)s and not tstzrange(
                least(greatest(leaving.start, %(end)s::timestamptz, clock_timestamp()),
                      coalesce(leaving.end, 'infinity')),
                leaving.end
            ) <@ (
                select coalesce(range_agg(tstzrange(others.start, others.end)), '{{}}')
                from counting as others where others.id <> leaving.id))
        """,  # noqa: S608 - a constant
        {"id": assignment_id, "end": end},
    )
    return bool(found.scalar_one())
