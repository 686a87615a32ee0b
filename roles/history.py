"""The roles of a user at an instant, and all assignments of a user, as recorded at another instant."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from akako_guard.role import Role
from db import assignments, temporal, user_search
from db.assignments import Assignment
from db.instants import Instants, PastQuestion, resolve
from db.temporal import Holder, Revision, UserStatus
from db.user_search import UserEntry
from roles.refusal import UserUnknown

PAGE = 1_000
"""Users per statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesAt:
    """The roles of a user at an instant, and the question that was answered."""

    clerk_id: str
    at: datetime
    as_of: datetime
    question: PastQuestion
    user_status: UserStatus
    roles: list[Role]
    assignments: list[Assignment]
    revisions: list[Revision]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All assignments of a user as recorded at an instant."""

    user: UserEntry
    as_of: datetime
    assignments: list[Assignment]


def roles_at(
    connection: Connection, clerk_id: str, at: datetime | None = None, as_of: datetime | None = None
) -> RolesAt:
    """The roles of a user at `at`, as recorded by `as_of` (see `db.instants.resolve`). Raises UserUnknown."""
    user = _find(connection, clerk_id)
    instants = resolve(connection, at, as_of)
    if at is None and as_of is None:
        held, status, revisions = _held_now(connection, user), _status_now(user), []
    else:
        found = temporal.versions(connection, user.id, instants)
        held = [each.assignment for each in found if each.assignment.held]
        status = temporal.status(connection, user.id, instants)
        revisions = temporal.revisions(connection, user.id, instants)
    return RolesAt(
        clerk_id=user.clerk_id,
        at=instants.at,
        as_of=instants.as_of,
        question=instants.question,
        user_status=status,
        roles=sorted({each.role for each in held}),
        assignments=held,
        revisions=revisions,
    )


def holders(engine: Engine, instants: Instants, after: int = 0, role: Role | None = None) -> Iterator[Holder]:
    """All users above row id `after` who held a role (any, or `role`), in the order of row ids.

    Each page is read in its own transaction, so that a slow consumer does not keep one open.
    """
    last: int | None = after
    while last is not None:
        with engine.begin() as connection:
            page, last = temporal.holders(connection, instants, last, PAGE, role)
        yield from page


def history(connection: Connection, clerk_id: str, as_of: datetime | None = None) -> History:
    """All assignments of a user as recorded by `as_of` (default: now), to which `held` refers. Raises UserUnknown."""
    user = _find(connection, clerk_id)
    instants = resolve(connection, None, None)
    if as_of is None:
        return History(user=user, as_of=instants.as_of, assignments=assignments.history(connection, user.id))
    by = min(as_of, instants.as_of)
    found = temporal.versions(connection, user.id, Instants(by, by))
    return History(user=user, as_of=by, assignments=[each.assignment for each in found])


def _find(connection: Connection, clerk_id: str) -> UserEntry:
    user = user_search.show(connection, clerk_id)
    if user is None:
        raise UserUnknown
    return user


def _held_now(connection: Connection, user: UserEntry) -> list[Assignment]:
    """Read from the table that the guard reads, not from the audit trail."""
    return [each for each in assignments.history(connection, user.id) if each.held]


def _status_now(user: UserEntry) -> UserStatus:
    if user.deleted_at is not None:
        return UserStatus.DELETED
    return UserStatus.BANNED if user.banned else UserStatus.ACTIVE
