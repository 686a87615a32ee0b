"""New users and their default role are added in one statement and recorded in the audit trail."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Deletion, Snapshot
from db import new_users
from db.users import UserWrite
from tests.db.people import a_user
from tests.ledger import actions, rows

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def add(engine: Engine, *states: Snapshot | Deletion) -> dict[str, int]:
    """Add users and commit."""
    with engine.begin() as connection:
        return new_users.add(connection, [UserWrite(state, None) for state in states], Role.LEARNER)


@pytest.mark.parametrize(
    ("since", "begins"),
    [(NOW - DAY, "effective_start_date < now() - interval '23 hours'"), (NOW + DAY, "effective_start_date <= now()")],
)
def test_the_default_role_starts_with_the_user_and_never_in_the_future(
    engine: Engine, since: datetime, begins: str
) -> None:
    add(engine, Snapshot(clerk_id="user_ada", version=NOW, created_at=since))
    assert rows(engine, f"select role, {begins}, assigned_by from user_roles") == [("LEARNER", True, "akako")]


def test_without_a_creation_time_the_default_role_starts_with_the_snapshot(engine: Engine) -> None:
    add(engine, Snapshot(clerk_id="user_ada", version=NOW - DAY))
    assert rows(engine, "select effective_start_date from user_roles") == [(NOW - DAY,)]


def test_a_deleted_user_gets_no_default_role(engine: Engine) -> None:
    add(engine, Deletion(clerk_id="user_ada", at=NOW))
    assert rows(engine, "select clerk_id, deleted_at from users") == [("user_ada", NOW)]
    assert rows(engine, "select from user_roles") == []


def test_an_existing_user_is_unchanged_and_not_returned(engine: Engine, app: psycopg.Connection) -> None:
    a_user(app, "user_ada")
    added = add(engine, *(Snapshot(clerk_id=clerk_id, version=NOW) for clerk_id in ("user_bea", "user_ada")))
    assert list(added) == ["user_bea"]
    assert rows(engine, "select clerk_id from user_roles join users on users.id = user_id") == [("user_bea",)]


def test_the_audit_line_of_the_user_precedes_that_of_the_role(engine: Engine) -> None:
    add(engine, Snapshot(clerk_id="user_ada", version=NOW))
    assert actions(engine) == ["user.created", "role.assigned"]
