"""Reads the current assignments of a user, and those that overlap a new one. For the past, see `db.temporal`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from akako_guard.role import Role
from db.held import HELD_NOW

_COLUMNS = """
    user_roles.id, role, effective_start_date, effective_end_date, assigned_by, assigned_by_email, reason, end_reason,
    admin_notes, is_active, user_roles.created_at, user_roles.updated_at
"""
_HELD = f"deleted_at is null and {HELD_NOW}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role held by a user in a window of time."""

    id: int
    role: Role
    effective_start_date: datetime
    effective_end_date: datetime | None
    """None if it has no end; equal to the start if it was cancelled before it started."""
    assigned_by: str
    assigned_by_email: str | None
    reason: str | None
    end_reason: str | None
    admin_notes: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    held: bool
    """Whether it is held at the time of the query, which is now unless the query has another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A role and the window of time for which to assign it."""

    role: Role
    start: datetime | None = None
    """None: now."""
    end: datetime | None = None
    """None: no end."""


def history(connection: Connection, user_id: int) -> list[Assignment]:
    """All assignments of a user, latest start first."""
    return _read(connection, "user_id = %(user_id)s", user_id=user_id)


def find(connection: Connection, user_id: int, assignment_id: int) -> Assignment | None:
    """One assignment of this user; None if the user has no assignment with this id."""
    found = _read(connection, "user_id = %(user_id)s and user_roles.id = %(id)s", user_id=user_id, id=assignment_id)
    return next(iter(found), None)


def overlapping(connection: Connection, user_id: int, window: Window) -> list[Assignment]:
    """The assignments in force that overlap this window."""
    return _read(
        connection,
        """
        user_id = %(user_id)s and role = %(role)s and is_active
        and tstzrange(effective_start_date, effective_end_date)
            && tstzrange(coalesce(%(start)s::timestamptz, now()), %(end)s::timestamptz)
        """,
        user_id=user_id,
        role=window.role.value,
        start=window.start,
        end=window.end,
    )


def _read(connection: Connection, where: str, **parameters: object) -> list[Assignment]:
    rows = connection.exec_driver_sql(
        f"""
        select {_COLUMNS}, {_HELD}
        from user_roles join users on users.id = user_roles.user_id
        where {where}
        order by effective_start_date desc, user_roles.id desc
        """,  # noqa: S608 - constants only
        parameters,
    )
    return [Assignment(row[0], Role(row[1]), *row[2:]) for row in rows]
