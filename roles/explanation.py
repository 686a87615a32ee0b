"""Explains why a user held a role at an instant, or did not: the assignment, its audit lines, and their deliveries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from akako_guard.role import Role
from db import audit, evidence, temporal, user_search
from db.assignments import Assignment
from db.audit import AuditEntry
from db.evidence import DeliveryEvidence
from db.instants import Instants, PastQuestion, resolve
from db.temporal import Revision, UserStatus, Version
from db.user_search import UserEntry
from roles import reasons
from roles.reasons import Case
from roles.refusal import UserUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Whether a role was held, with the reasons."""

    user: UserEntry
    role: Role
    at: datetime
    as_of: datetime
    question: PastQuestion
    user_status: UserStatus
    held: bool
    why: str
    """One to four sentences."""
    assignment: Assignment | None
    """The assignment that was held; or else the last one that ended, the next one to start, or a cancelled one."""
    audit: list[AuditEntry]
    """All audit lines of that assignment, oldest first."""
    deliveries: list[DeliveryEvidence]
    """The stored deliveries that caused those lines. Other lines were caused by requests."""
    revisions: list[Revision]
    """The lines recorded after the earlier of `at` and `as_of` that changed the answer about `at`, oldest first."""


def explain(
    connection: Connection, clerk_id: str, role: Role, at: datetime | None = None, as_of: datetime | None = None
) -> Explanation:
    """Explain why the user held the role at `at`, or did not. Raises UserUnknown."""
    user = user_search.show(connection, clerk_id)
    if user is None:
        raise UserUnknown
    instants = resolve(connection, at, as_of)
    found = _of_role(connection, user.id, role, instants)
    version = _nearest(found, instants.at)
    assignment = version.assignment if version else None
    revisions = [each for each in temporal.revisions(connection, user.id, instants) if each.role is role]
    case = Case(
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
        why=reasons.sentences(case),
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
    """The assignment that explains the answer. `found` is ordered by start, latest first.

    A cancelled assignment has an empty window, so it is used only if there is no other.
    """
    held = [each for each in found if each.assignment.held]
    windows = [each for each in found if each.effective_end is None or each.effective_end > _start(each)]
    ended = [each for each in windows if _start(each) <= at]
    ended.sort(key=lambda each: min(each.effective_end or at, at), reverse=True)
    upcoming = [each for each in reversed(windows) if _start(each) > at]
    return next(iter([*held, *ended, *upcoming, *found]), None)


def _start(version: Version) -> datetime:
    return version.assignment.effective_start_date
