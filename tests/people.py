"""Users of the learning platform with their roles, put there by the code that puts them there in life."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Snapshot
from db import assignments as db_assignments
from db import roles, user_search
from db.assignments import Assignment, Window
from db.audit import Author
from db.user_search import UserEntry
from roles import assignments
from sync.apply import apply_snapshot
from tests.ledger import as_owner

OPERATOR = Author(actor="operator:tests", reason="For a test.", cause="req_tests")
THEN = datetime(2025, 1, 1, tzinfo=UTC)
"""When everybody signed up."""
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def add(engine: Engine, clerk_id: str, *roles: Role, **said: Any) -> UserEntry:
    """A user known from Clerk, with the default role and others held from now on."""
    snapshot = Snapshot(**{"clerk_id": clerk_id, "version": THEN, "created_at": THEN, **said})
    apply_snapshot(engine, snapshot, f"req_{clerk_id}", Role.LEARNER)
    for role in roles:
        assign(engine, clerk_id, role)
    return find(engine, clerk_id)


def assign(
    engine: Engine, clerk_id: str, role: Role, start: datetime | None = None, end: datetime | None = None
) -> Assignment:
    """Give a role as an operator would."""
    with engine.begin() as connection:
        return assignments.assign(connection, OPERATOR, clerk_id, Window(role=role, start=start, end=end))


def held_since(engine: Engine, clerk_id: str, role: Role, start: datetime) -> Assignment:
    """A role that was given back then: no person can say so today."""
    with as_owner(engine) as connection:
        user = user_search.show(connection, clerk_id)
        assert user is not None
        window = Window(role=role, start=start)
        given = roles.assign(connection, user.id, window, OPERATOR.actor, "", OPERATOR.reason, "")
        found = db_assignments.find(connection, user.id, given)
    assert found is not None
    return found


def change_end(engine: Engine, clerk_id: str, assignment: Assignment, end: datetime | None) -> Assignment:
    """Let it end at another time."""
    with engine.begin() as connection:
        return assignments.change_end(connection, OPERATOR, clerk_id, assignment.id, end)


def revoke(engine: Engine, clerk_id: str, assignment: Assignment) -> Assignment:
    """Take it back."""
    with engine.begin() as connection:
        return assignments.revoke(connection, OPERATOR, clerk_id, assignment.id)


def find(engine: Engine, clerk_id: str) -> UserEntry:
    """The user as the directory shows one."""
    with engine.begin() as connection:
        found = user_search.show(connection, clerk_id)
    assert found is not None
    return found
