"""Why a user holds a role at an instant, or does not: the assignment, its lines in the trail, and what proves them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from access.refusal import UserUnknown
from config.role import Role
from db import assignments, audit, directory, evidence
from db.assignments import Assignment
from db.audit import Line
from db.directory import Entry
from db.evidence import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An answer with its reasons."""

    user: Entry
    role: Role
    at: datetime
    held: bool
    why: str
    """One sentence."""
    assignment: Assignment | None
    """The one that was held; else the one that came nearest: the last that began before, or the next to begin."""
    audit: list[Line]
    """What the trail says of that assignment, first to last."""
    deliveries: list[Delivery]
    """The kept deliveries behind those lines; lines with another cause are a person's."""


def explain(connection: Connection, clerk_id: str, role: Role, at: datetime) -> Explanation:
    """Why the user held the role at the instant, or did not. Raises UserUnknown."""
    user = directory.show(connection, clerk_id)
    if user is None:
        raise UserUnknown
    assignment = _nearest(assignments.of_role(connection, user.id, role, at), at)
    lines = audit.of_assignment(connection, assignment.id) if assignment else []
    return Explanation(
        user=user,
        role=role,
        at=at,
        held=assignment is not None and assignment.held,
        why=_sentence(user, role, at, assignment),
        assignment=assignment,
        audit=lines,
        deliveries=evidence.deliveries(connection, {line.cause for line in lines if line.cause}),
    )


def _nearest(found: list[Assignment], at: datetime) -> Assignment | None:
    """The assignment that answers the question, of some with the latest start first."""
    held = [each for each in found if each.held]
    begun = [each for each in found if each.effective_start_date <= at]
    return next(iter([*held, *begun, *reversed(found)]), None)


def _sentence(user: Entry, role: Role, at: datetime, assignment: Assignment | None) -> str:
    if assignment is None:
        return f"{role} was never assigned to this user."
    if assignment.held:
        banned = " A ban refuses the user everything meanwhile." if user.banned else ""
        return (
            f"Held: {assignment.assigned_by} assigned it{_because(assignment.reason)}.{_later(at, assignment)}{banned}"
        )
    start, end = assignment.effective_start_date, assignment.effective_end_date
    if end == start and not assignment.is_active:
        return f"Not held: the assignment was cancelled before it began{_because(assignment.end_reason)}."
    if start > at:
        return f"Not held: the next assignment begins at {start.isoformat()}."
    if end is not None and end <= at:
        return f"Not held: the last assignment ended at {end.isoformat()}{_because(assignment.end_reason)}."
    return "Not held: the assignment was closed by hand, or the user was deleted."


def _later(at: datetime, assignment: Assignment) -> str:
    if assignment.created_at <= at:
        return ""
    return f" It was written down later, at {assignment.created_at.isoformat()}: until then the guard did not know it."


def _because(reason: str | None) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
