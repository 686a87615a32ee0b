"""Builds the sentences of an explanation."""

from dataclasses import dataclass
from datetime import timedelta

from akako_guard.role import Role
from db.assignments import Assignment
from db.instants import Instants, PastQuestion
from db.temporal import Revision, UserStatus, Version

COMMIT_DELAY = timedelta(seconds=1)
"""A line is recorded shortly before its transaction commits. Answers within this time of a line mention that."""


@dataclass(frozen=True, slots=True)
class Case:
    """The answer, and other facts that the sentences mention."""

    role: Role
    instants: Instants
    status: UserStatus
    version: Version | None
    held_then: bool
    """Whether the role was held according to what was recorded by `at`."""
    held_now: bool
    """Whether it was held according to everything recorded until now."""
    revisions: list[Revision]
    in_retrospect: bool
    """Whether the question is about an explicit `at` instead of now."""


def sentences(case: Case) -> str:
    """The explanation, in one to four sentences."""
    found = case.version
    held = found is not None and found.assignment.held
    parts = [
        _held(found.assignment) if found and held else _not_held(case),
        _recorded_later(found.assignment, case.instants) if found and held else "",
        "The user was banned at that time, or Clerk had confirmed a held deletion, so the guard refused every request."
        if case.status is UserStatus.BANNED
        else "",
        _guard_then(case, held),
        _known_since(case, held),
        _committing(case),
    ]
    return " ".join(filter(None, parts))


def _held(assignment: Assignment) -> str:
    return f"Held: {assignment.assigned_by} assigned it{_because(assignment.reason)}."


def _not_held(case: Case) -> str:
    if case.status is UserStatus.UNKNOWN:
        return "Not held: the user was not known yet."
    if case.version is None:
        return f"{case.role} was never assigned to this user{_by(case.instants)}."
    assignment, end, at = case.version.assignment, case.version.effective_end, case.instants.at
    start = assignment.effective_start_date
    if end is not None and end <= start:
        return _without_window(case.version)
    if start > at:
        return f"Not held: the next assignment starts at {start.isoformat()}."
    if end is not None and end <= at:
        was_closed = assignment.effective_end_date != end
        how = "was closed without an end of its window" if was_closed else "ended"
        return f"Not held: the last assignment {how} at {end.isoformat()}{_because(assignment.end_reason)}."
    return "Not held: the user was deleted."


def _without_window(version: Version) -> str:
    """For an empty window: the assignment was cancelled, or its end was moved back to its start later."""
    start, closed = version.assignment.effective_start_date, version.closed_at
    because = _because(version.assignment.end_reason)
    if closed is None or closed > start:
        when = f" at {closed.isoformat()}" if closed else ""
        return f"Not held: the end of the assignment was set back to its start{when}, after it had started{because}."
    return f"Not held: the assignment was cancelled before it started{because}."


def _by(instants: Instants) -> str:
    return "" if instants.question is PastQuestion.WHAT_WAS_SO else f", as recorded by {instants.as_of.isoformat()}"


def _recorded_later(assignment: Assignment, instants: Instants) -> str:
    if assignment.created_at <= instants.at:
        return ""
    return f"It was recorded later, at {assignment.created_at.isoformat()}; until then the guard could not apply it."


def _guard_then(case: Case, held: bool) -> str:
    """What the guard decided, if that differs from the answer."""
    if case.instants.as_of <= case.instants.at or case.held_then == held:
        return ""
    return f"The guard decided differently at that time: {'held' if case.held_then else 'not held'}."


def _known_since(case: Case, held: bool) -> str:
    """What was recorded after `as_of`, if it changes the answer."""
    if case.held_now == held:
        return ""
    last = case.revisions[-1]
    known = "held" if case.held_now else "not held"
    return f"Recorded later: {last.action} at {last.recorded_at.isoformat()}; since then it counts as {known}."


def _committing(case: Case) -> str:
    """A change takes effect when its transaction commits, shortly after its line was recorded."""
    if case.instants.question is PastQuestion.WHAT_IS_KNOWN or case.version is None or not case.in_retrospect:
        return ""
    ago = case.instants.at - case.version.assignment.updated_at
    if ago > COMMIT_DELAY:
        return ""
    return (
        f"The last change was recorded {ago.total_seconds() * 1_000:.0f} ms earlier;"
        " until its transaction committed, the guard gave the previous answer."
    )


def _because(reason: str | None) -> str:
    return f" ({reason.rstrip('.')})" if reason else ""
