"""One user's assignments, past, present and future, and what is in the way of another.

An assignment was held at an instant if its window holds the instant: the start reached, the end not. Whoever ends one
early writes that into the window, so the past is read from the windows alone. What is closed without having ended (by
hand) is not held any more, and what belongs to a tombstone not since the deletion.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from config.role import Role

_COLUMNS = """
    user_roles.id, role, effective_start_date, effective_end_date, assigned_by, assigned_by_email, reason, end_reason,
    admin_notes, is_active, user_roles.created_at, user_roles.updated_at
"""
_HELD = """
    effective_start_date <= {at} and (effective_end_date is null or effective_end_date > {at})
    and (is_active or effective_end_date <= now()) and (deleted_at is null or deleted_at > {at})
"""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role held by a user in a window of time."""

    id: int
    role: Role
    effective_start_date: datetime
    effective_end_date: datetime | None
    """None while it is open; equal to the start if it was cancelled before it began."""
    assigned_by: str
    assigned_by_email: str | None
    reason: str | None
    end_reason: str | None
    admin_notes: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    held: bool
    """Whether it was, is or will be held at the instant that was asked about; else at this instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is to be assigned, and from when until when."""

    role: Role
    start: datetime | None = None
    """None: from now on."""
    end: datetime | None = None
    """None: until somebody ends it."""


def history(connection: Connection, user_id: int) -> list[Assignment]:
    """Every assignment of a user, the latest start first."""
    return _read(connection, "user_id = %(user_id)s", None, user_id=user_id)


def at(connection: Connection, user_id: int, instant: datetime) -> list[Assignment]:
    """The assignments that the user held at an instant, or will hold then as things stand."""
    return _read(connection, f"user_id = %(user_id)s and {_HELD.format(at='%(at)s')}", instant, user_id=user_id)


def of_role(connection: Connection, user_id: int, role: Role, instant: datetime) -> list[Assignment]:
    """Every assignment of one role, the latest start first; `held` says whether it was held at the instant."""
    return _read(connection, "user_id = %(user_id)s and role = %(role)s", instant, user_id=user_id, role=role.value)


def find(connection: Connection, user_id: int, assignment_id: int) -> Assignment | None:
    """One assignment of this user; None if the user has none of that id."""
    found = _read(
        connection, "user_id = %(user_id)s and user_roles.id = %(id)s", None, user_id=user_id, id=assignment_id
    )
    return next(iter(found), None)


def overlapping(connection: Connection, user_id: int, window: Window) -> list[Assignment]:
    """The assignments in force that leave no room for a window of their role."""
    return _read(
        connection,
        """
        user_id = %(user_id)s and role = %(role)s and is_active
        and tstzrange(effective_start_date, effective_end_date)
            && tstzrange(coalesce(%(start)s::timestamptz, now()), %(end)s::timestamptz)
        """,
        None,
        user_id=user_id,
        role=window.role.value,
        start=window.start,
        end=window.end,
    )


def _read(connection: Connection, where: str, at: datetime | None, **parameters: object) -> list[Assignment]:
    rows = connection.exec_driver_sql(
        f"""
        select {_COLUMNS}, {_HELD.format(at="coalesce(%(at)s::timestamptz, now())")}
        from user_roles join users on users.id = user_roles.user_id
        where {where}
        order by effective_start_date desc, user_roles.id desc
        """,  # noqa: S608 - constants of ours
        {"at": at, **parameters},
    )
    return [Assignment(row[0], Role(row[1]), *row[2:]) for row in rows]
