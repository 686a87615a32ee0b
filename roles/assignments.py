"""Assigns, changes and revokes roles, for the API and the commands.

Each function runs in the transaction of its caller. Before it writes, it locks the user together with the author,
checks the author again (raises NotPermitted) and validates the change (raises a subclass of Refused).
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from akako_guard.role import Role
from db import admins, assignments, audit, permission, roles, users
from db.assignments import Assignment, Window
from db.audit import Author
from db.users import LockedUser
from roles import times
from roles.refusal import (
    AssignmentOver,
    AssignmentUnknown,
    EndTooSoon,
    LastAdmin,
    Overlap,
    StartTooEarly,
    UserDeleted,
    UserUnknown,
)

LEEWAY = timedelta(minutes=1)
"""A start that is at most this long ago means now: clocks differ, and requests take time."""


def assign(connection: Connection, author: Author, clerk_id: str, window: Window, notes: str = "") -> Assignment:
    """Assign a role to a user from now or a later time on; returns the assignment."""
    user = _lock(connection, author, clerk_id)
    window = _from_now_on(window, user)
    _check_end(window.end, window.start or user.now, user)
    audit.set_author(connection, author)
    try:
        added = roles.assign(connection, user.id, window, author.actor, author.email, author.reason, notes)
    except roles.RoleOverlap as error:
        raise _overlap(connection, user, window) from error
    return _find(connection, user, added)


def change_end(
    connection: Connection, author: Author, clerk_id: str, assignment_id: int, end: datetime | None
) -> Assignment:
    """Change the end of an assignment, or remove it (None); returns the changed assignment."""
    user = _lock(connection, author, clerk_id)
    assignment = _in_force(connection, user, assignment_id)
    _check_end(end, assignment.effective_start_date, user)
    if end is not None:
        _keep_an_admin(connection, assignment, end)
    audit.set_author(connection, author)
    try:
        roles.change_end(connection, assignment_id, end)
    except roles.RoleOverlap as error:
        window = Window(role=assignment.role, start=assignment.effective_start_date, end=end)
        raise _overlap(connection, user, window, assignment_id) from error
    changed = _find(connection, user, assignment_id)
    if not changed.is_active:  # the scheduler closed it in the meantime
        raise AssignmentOver
    return changed


def revoke(connection: Connection, author: Author, clerk_id: str, assignment_id: int) -> Assignment:
    """End an assignment now, or cancel one that has not started; returns the changed assignment."""
    user = _lock(connection, author, clerk_id)
    assignment = _in_force(connection, user, assignment_id)
    _keep_an_admin(connection, assignment, None)
    audit.set_author(connection, author)
    roles.revoke(connection, assignment_id, author.reason)
    return _find(connection, user, assignment_id)


def _lock(connection: Connection, author: Author, clerk_id: str) -> LockedUser:
    permission.lock_and_check(connection, author.permission, [clerk_id])
    user = users.locked(connection, clerk_id)
    if user is None:
        raise UserUnknown
    if user.deleted:
        raise UserDeleted
    return user


def _find(connection: Connection, user: LockedUser, assignment_id: int) -> Assignment:
    found = assignments.find(connection, user.id, assignment_id)
    if found is None:
        raise AssignmentUnknown
    return found


def _in_force(connection: Connection, user: LockedUser, assignment_id: int) -> Assignment:
    """The assignment, if it can still be changed: neither closed nor past its end. Raises AssignmentOver."""
    found = _find(connection, user, assignment_id)
    end = found.effective_end_date
    if not found.is_active or (end is not None and end <= user.now):
        raise AssignmentOver
    return found


def _from_now_on(window: Window, user: LockedUser) -> Window:
    """Replace a start that passed during the request by now: past decisions of the guard must stay correct."""
    if window.start is None or window.start > user.now:
        return window
    if window.start < user.now - LEEWAY:
        raise StartTooEarly
    return replace(window, start=None)


def _check_end(end: datetime | None, start: datetime, user: LockedUser) -> None:
    if end is not None and end <= max(start, user.now):
        raise EndTooSoon


def _keep_an_admin(connection: Connection, assignment: Assignment, end: datetime | None) -> None:
    """Serialised, because two concurrent transactions could each rely on the admin that the other removes."""
    if assignment.role is Role.ADMIN:
        admins.lock(connection)
        if admins.would_be_missing(connection, assignment.id, end):
            raise LastAdmin


def _overlap(connection: Connection, user: LockedUser, window: Window, own_id: int | None = None) -> Overlap:
    """The refusal that names the conflicting assignment."""
    found = assignments.overlapping(connection, user.id, window)
    other = next((each for each in found if each.id != own_id), None)
    if other is None:  # it ended in the meantime
        return Overlap("Try again.")
    until = f"until {times.write(other.effective_end_date)}" if other.effective_end_date else "without an end"
    since = times.write(other.effective_start_date)
    return Overlap(f"Conflict with assignment {other.id}: {other.role} from {since} {until}.", other)
