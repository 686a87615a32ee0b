"""Why a user held a role at an instant, or did not: the assignment, its audit lines, and the deliveries behind them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from access.refusal import UserUnknown
from config.role import Role
from db import audit, directory, evidence, temporal
from db.assignments import Assignment
from db.audit import Line
from db.directory import Entry
from db.evidence import Delivery
from db.instants import Instants, PastQuestion, resolve
from db.temporal import Revision, UserStatus, Version

COMMIT_DELAY = timedelta(seconds=1)
"""A line is recorded shortly before its transaction commits. Within this time of a line the answer points that out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An answer with its reasons."""

    user: Entry
    role: Role
    at: datetime
    as_of: datetime
    question: PastQuestion
    user_status: UserStatus
    held: bool
    why: str
    """One to four sentences."""
    assignment: Assignment | None
    """The one that was held; else the one that ended last; else the next to begin; else one that was cancelled."""
    audit: list[Line]
    """All audit lines of that assignment, first to last."""
    deliveries: list[Delivery]
    """The stored deliveries behind those lines; lines with another cause come from a person."""
    revisions: list[Revision]
    """The lines that changed the answer about `at` after the earlier of `at` and `as_of`, first to last."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What the sentences are made of."""

    role: Role
    instants: Instants
    status: UserStatus
    version: Version | None
    held_then: bool
    """Whether the role was held according to what was recorded at the instant itself."""
    held_now: bool
    """Whether it was held according to everything recorded until now."""
    revisions: list[Revision]
    in_retrospect: bool
    """Whether the question was asked later than the instant that it is about."""


def explain(
    connection: Connection, clerk_id: str, role: Role, at: datetime | None = None, as_of: datetime | None = None
) -> Explanation:
    """Why the user held the role at the instant, or did not. Raises UserUnknown."""
    user = directory.show(connection, clerk_id)
    if user is None:
        raise UserUnknown
    instants = resolve(connection, at, as_of)
    found = _of_role(connection, user.id, role, instants)
    version = _nearest(found, instants.at)
    assignment = version.assignment if version else None
    revisions = [each for each in temporal.revisions(connection, user.id, instants) if each.role is role]
    case = _Case(
        role=role,
        instants=instants,
        status=temporal.status(connection, user.id, instants),
        version=version,
        held_then=_held_then(connection, user.id, role, instants),
        held_now=_held_now(found, revisions, instants.as_of),
        revisions=revisions,
        in_retrospect=at is not None,
    )
    lines = audit.of_assignment(connection, assignment.id) if assignment else []
    return Explanation(
        user=user,
        role=role,
        at=instants.at,
        as_of=instants.as_of,
        question=instants.question,
        user_status=case.status,
        held=assignment is not None and assignment.held,
        why=_sentences(case),
        assignment=assignment,
        audit=lines,
        deliveries=evidence.deliveries(connection, {line.cause for line in lines if line.cause}),
        revisions=case.revisions,
    )


def _of_role(connection: Connection, user_id: int, role: Role, instants: Instants) -> list[Version]:
    return [each for each in temporal.versions(connection, user_id, instants) if each.assignment.role is role]


def _held_then(connection: Connection, user_id: int, role: Role, instants: Instants) -> bool:
    then = Instants(instants.at, min(instants.at, instants.as_of))
    return any(each.assignment.held for each in _of_role(connection, user_id, role, then))


def _held_now(found: list[Version], revisions: list[Revision], as_of: datetime) -> bool:
    held = {each.assignment.id for each in found if each.assignment.held}
    for each in revisions:
        if each.recorded_at > as_of:
            held = held | {each.user_role_id} if each.held else held - {each.user_role_id}
    return bool(held)


def _nearest(found: list[Version], at: datetime) -> Version | None:
    """The assignment that answers the question, of some with the latest start first.

    An assignment that was cancelled answers only if there is no other: its window is empty.
    """
    held = [each for each in found if each.assignment.held]
    windows = [each for each in found if each.effective_end is None or each.effective_end > _start(each)]
    ended = [each for each in windows if _start(each) <= at]
    ended.sort(key=lambda each: min(each.effective_end or at, at), reverse=True)
    upcoming = [each for each in reversed(windows) if _start(each) > at]
    return next(iter([*held, *ended, *upcoming, *found]), None)


def _start(version: Version) -> datetime:
    return version.assignment.effective_start_date


def _sentences(case: _Case) -> str:
    found = case.version
    held = found is not None and found.assignment.held
    parts = [
        _held(found.assignment) if found and held else _not_held(case),
        _recorded_later(found.assignment, case.instants) if found and held else "",
        "The user was banned at that time, so the guard refused every request."
        if case.status is UserStatus.BANNED
        else "",
        _guard_then(case, held),
        _known_since(case, held),
        _committing(case),
    ]
    return " ".join(filter(None, parts))


def _held(assignment: Assignment) -> str:
    return f"Held: {assignment.assigned_by} assigned it{_because(assignment.reason)}."


def _not_held(case: _Case) -> str:
    if case.status is UserStatus.UNKNOWN:
        return "Not held: the user was not known yet."
    if case.version is None:
        return f"{case.role} was never assigned to this user{_by(case.instants)}."
    assignment, end, at = case.version.assignment, case.version.effective_end, case.instants.at
    start = assignment.effective_start_date
    if end is not None and end <= start:
        return _without_window(case.version)
    if start > at:
        return f"Not held: the next assignment begins at {start.isoformat()}."
    if end is not None and end <= at:
        by_hand = assignment.effective_end_date != end
        how = "was closed without an end of its window" if by_hand else "ended"
        return f"Not held: the last assignment {how} at {end.isoformat()}{_because(assignment.end_reason)}."
    return "Not held: the user was deleted."


def _without_window(version: Version) -> str:
    """Nobody holds an assignment whose window is empty; whether its holder ever did depends on when it was emptied."""
    start, closed = version.assignment.effective_start_date, version.closed_at
    because = _because(version.assignment.end_reason)
    if closed is None or closed > start:
        when = f" at {closed.isoformat()}" if closed else ""
        return f"Not held: the end of the assignment was set back to its start{when}, after it had begun{because}."
    return f"Not held: the assignment was cancelled before it began{because}."


def _by(instants: Instants) -> str:
    return "" if instants.question is PastQuestion.WHAT_WAS_SO else f", as recorded by {instants.as_of.isoformat()}"


def _recorded_later(assignment: Assignment, instants: Instants) -> str:
    if assignment.created_at <= instants.at:
        return ""
    return f"It was recorded later, at {assignment.created_at.isoformat()}: until then the guard did not know it."


def _guard_then(case: _Case, held: bool) -> str:
    """What the guard decided, where the answer is another."""
    if case.instants.as_of <= case.instants.at or case.held_then == held:
        return ""
    return f"The guard decided otherwise at that moment: {'held' if case.held_then else 'not held'}."


def _known_since(case: _Case, held: bool) -> str:
    """What was recorded after `as_of`, where it changes the answer."""
    if case.held_now == held:
        return ""
    last = case.revisions[-1]
    known = "held" if case.held_now else "not held"
    return f"Recorded later: {last.action} at {last.recorded_at.isoformat()}, by which it counts as {known}."


def _committing(case: _Case) -> str:
    """A change takes effect when its transaction commits, a moment after its line was recorded."""
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
