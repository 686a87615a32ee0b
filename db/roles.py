"""Writes assignments. The database clock decides whether a role is held, even before an expiry is recorded."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from akako_guard.database import faults
from akako_guard.role import Role
from db.assignments import Window
from db.held import HELD_NOW


class RoleOverlap(Exception):
    """Another assignment of the same role overlaps; the exclusion constraint rejected the new window."""


def held_by(connection: Connection, user_id: int) -> set[Role]:
    """The roles that a user holds now, by the database clock."""
    rows = connection.exec_driver_sql(
        f"""
        select role from user_roles join users on users.id = user_roles.user_id
        where user_id = %s and deleted_at is null and {HELD_NOW}
        """,  # noqa: S608 - a constant
        (user_id,),
    )
    return {Role(role) for role in rows.scalars()}


def assign(connection: Connection, user_id: int, window: Window, by: str, email: str, reason: str, notes: str) -> int:
    """Assign a role; returns the id of the assignment. Raises RoleOverlap; the transaction remains usable."""
    with _savepoint(connection):
        added = connection.exec_driver_sql(
            """
            insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by,
                                    assigned_by_email, reason, admin_notes)
            values (%s, %s, coalesce(%s, now()), %s, %s, nullif(%s, ''), nullif(%s, ''), nullif(%s, ''))
            returning id
            """,
            (user_id, window.role.value, window.start, window.end, by, email, reason, notes),
        )
    return int(added.scalar_one())


def change_end(connection: Connection, assignment_id: int, end: datetime | None) -> None:
    """Change or remove the end of an active assignment. Raises RoleOverlap; the transaction remains usable."""
    with _savepoint(connection):
        connection.exec_driver_sql(
            """
            update user_roles set effective_end_date = %(end)s
            where id = %(id)s and is_active and effective_end_date is distinct from %(end)s
            """,
            {"id": assignment_id, "end": end},
        )


def revoke(connection: Connection, assignment_id: int, why: str) -> None:
    """End an assignment now. One that has not started is cancelled: its window becomes empty."""
    connection.exec_driver_sql(
        """
        update user_roles
        set effective_end_date = greatest(effective_start_date, now()), is_active = false,
            end_reason = nullif(%s, '')
        where id = %s and is_active
        """,
        (why, assignment_id),
    )


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """A savepoint, so that the transaction can still read the conflicting assignment."""
    try:
        with connection.begin_nested():
            yield
    except IntegrityError as error:
        if not faults.is_exclusion_violation(error):
            raise
        raise RoleOverlap from error


def end_all(connection: Connection, ends: Mapping[int, datetime | None], why: str) -> None:
    """End all active assignments of users, each user's at the given time (now, if that is None or in the future).

    Assignments that have not started are cancelled: their windows become empty.
    """
    connection.exec_driver_sql(
        """
        update user_roles
        set effective_end_date = greatest(effective_start_date, least(effective_end_date, ended.at, now())),
            is_active = false,
            end_reason = case when effective_end_date <= least(ended.at, now()) then 'Its time ran out.'
                              else %(why)s end
        from unnest(%(ids)b::bigint[], %(times)b::timestamptz[]) as ended (user_id, at)
        where user_roles.user_id = ended.user_id and is_active
        """,
        {"ids": list(ends), "times": list(ends.values()), "why": why},
    )


def expire(connection: Connection, most: int) -> int:
    """Record the expiry of up to `most` assignments whose end has passed; returns how many.

    Rows locked by other transactions are skipped, so that concurrent runs are safe.
    """
    expired = connection.exec_driver_sql(
        """
        update user_roles set is_active = false, end_reason = 'Its time ran out.'
        where id = any(array(
            select id from user_roles
            where is_active and effective_end_date <= now()
            order by effective_end_date limit %s
            for no key update skip locked))
        """,
        (most,),
    )
    return expired.rowcount
