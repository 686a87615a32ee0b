"""Reads the results of the demonstration, and assigns its one temporary role as an operator would."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from akako_guard.role import Role
from db import assignments as assignments_of
from db import audit, clock, event_search, user_search
from db.assignments import Assignment, Window
from db.audit import AuditEntry, AuditFilter, Author
from db.event_filter import EventFilter
from db.user_search import UserEntry
from roles import assignments as changes

OPERATOR = Author(actor="operator:akako demo", reason="Substitutes for a colleague.")
MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class UserAssignment:
    """An assignment and the user it belongs to."""

    clerk_id: str
    assignment: Assignment


def events(connection: Connection, svix_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Status and reason of each of these events that is stored, by svix id."""
    found = event_search.page(connection, EventFilter(svix_ids=tuple(svix_ids)), len(svix_ids))
    return {each.svix_id: (each.status, each.last_error) for each in found}


def users(connection: Connection, clerk_ids: Sequence[str]) -> list[UserEntry]:
    """Those of these users that exist, oldest first."""
    found = [user_search.show(connection, clerk_id) for clerk_id in clerk_ids]
    return sorted((each for each in found if each is not None), key=lambda user: user.id)


def assignments(connection: Connection, clerk_ids: Sequence[str]) -> list[UserAssignment]:
    """All assignments of these users, oldest first."""
    found = [
        UserAssignment(user.clerk_id, each)
        for user in users(connection, clerk_ids)
        for each in assignments_of.history(connection, user.id)
    ]
    return sorted(found, key=lambda each: each.assignment.id)


def trail(connection: Connection, clerk_ids: Sequence[str]) -> list[AuditEntry]:
    """The lines of the audit trail about these users, oldest first."""
    found = [line for clerk_id in clerk_ids for line in audit.page(connection, AuditFilter(user=clerk_id), MOST_LINES)]
    return sorted(found, key=lambda line: line.id)


def assign_temporarily(connection: Connection, clerk_id: str, role: Role, seconds: float) -> None:
    """Assign a role that ends after `seconds`."""
    end = clock.now(connection) + timedelta(seconds=seconds)
    changes.assign(connection, OPERATOR, clerk_id, Window(role=role, end=end))
