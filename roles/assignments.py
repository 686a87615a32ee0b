"""Changes of one user's roles by a person, the same for the API and the commands.

Here and not in `db`, as they decide more than a statement can; here and not in `api`, as the commands need them too.
Each runs in the caller's transaction. Before anything is written it locks the user together with the author, checks the
author again (`NotPermitted`) and raises a `Refused` for what cannot be done.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from config.role import Role
from db import admins, assignments, audit, holder, permission, roles
from db.assignments import Assignment, Window
from db.audit import Author
from db.holder import LockedUser
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
"""How long ago a start may be to be taken for now: clocks differ, and requests take their time."""


def assign(connection: Connection, author: Author, clerk_id: str, window: Window, notes: str = "") -> Assignment:
    """Give a user a role in a window of time that begins now or later; the assignment."""
    user = _lock(connection, author, clerk_id)
    window = _from_now_on(window, user)
    _judge_end(window.end, window.start or user.now, user)
    audit.set_author(connection, author)
    try:
        added = roles.assign(connection, user.id, window, author.actor, author.email, author.reason, notes)
    except roles.RoleOverlap as error:
        raise _overlap(connection, user, window) from error
    return _find(connection, user, added)


def change_end(
    connection: Connection, author: Author, clerk_id: str, assignment_id: int, end: datetime | None
) -> Assignment:
    """Let an assignment end earlier or later, or never (None); the assignment as it is then."""
    user = _lock(connection, author, clerk_id)
    assignment = _in_force(connection, user, assignment_id)
    _judge_end(end, assignment.effective_start_date, user)
    if end is not None:
        _keep_an_admin(connection, assignment, end)
    audit.set_author(connection, author)
    try:
        roles.change_end(connection, assignment_id, end)
    except roles.RoleOverlap as error:
        window = Window(role=assignment.role, start=assignment.effective_start_date, end=end)
        raise _overlap(connection, user, window, assignment_id) from error
    changed = _find(connection, user, assignment_id)
    if not changed.is_active:  # the calendar closed it in the meantime
        raise AssignmentOver
    return changed


def revoke(connection: Connection, author: Author, clerk_id: str, assignment_id: int) -> Assignment:
    """End an assignment now, or cancel one that would begin later; the assignment as it is then."""
    user = _lock(connection, author, clerk_id)
    assignment = _in_force(connection, user, assignment_id)
    _keep_an_admin(connection, assignment, None)
    audit.set_author(connection, author)
    roles.revoke(connection, assignment_id, author.reason)
    return _find(connection, user, assignment_id)


def _lock(connection: Connection, author: Author, clerk_id: str) -> LockedUser:
    permission.lock_and_check(connection, author.permission, [clerk_id])
    user = holder.read(connection, clerk_id)
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
    """The assignment, if it can still be changed: neither closed, nor past its end and waiting for the calendar."""
    found = _find(connection, user, assignment_id)
    end = found.effective_end_date
    if not found.is_active or (end is not None and end <= user.now):
        raise AssignmentOver
    return found


def _from_now_on(window: Window, user: LockedUser) -> Window:
    """A start that passed while the request was on its way is now: what the guard decided stays true."""
    if window.start is None or window.start > user.now:
        return window
    if window.start < user.now - LEEWAY:
        raise StartTooEarly
    return replace(window, start=None)


def _judge_end(end: datetime | None, start: datetime, user: LockedUser) -> None:
    if end is not None and end <= max(start, user.now):
        raise EndTooSoon


def _keep_an_admin(connection: Connection, assignment: Assignment, end: datetime | None) -> None:
    """One transaction at a time, as two could each count on the admin that the other is taking away."""
    if assignment.role is Role.ADMIN:
        admins.lock(connection)
        if admins.would_be_missing(connection, assignment.id, end):
            raise LastAdmin


def _overlap(connection: Connection, user: LockedUser, window: Window, itself: int | None = None) -> Overlap:
    """Names what is in the way, as the constraint's own message would."""
    found = assignments.overlapping(connection, user.id, window)
    other = next((each for each in found if each.id != itself), None)
    if other is None:  # it ended in this very moment
        return Overlap("Try again.")
    until = f"until {times.write(other.effective_end_date)}" if other.effective_end_date else "without an end"
    since = times.write(other.effective_start_date)
    return Overlap(f"In the way: assignment {other.id}, {other.role} from {since} {until}.", other)
