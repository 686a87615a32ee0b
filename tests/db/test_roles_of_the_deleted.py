"""A deleted user cannot hold a role, not even one that is assigned during the deletion."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from tests.db.people import a_role, a_user, rows
from tests.ledger import change
from tests.meanwhile import holding, waiting_for_a_lock
from tests.servers import Database

DELETE = "update users set deleted_at = now(), clerk_updated_at = null"
GIVE = """
    insert into user_roles (user_id, role, effective_start_date, assigned_by)
    select id, 'MENTOR', now(), 'the test' from users
"""
OPEN_AGAIN = "update user_roles set is_active = true, effective_end_date = null"


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """An engine of the owner: only the owner may reopen a window."""
    pool = connect(database.owner_url, "test", connections=8)
    yield pool
    pool.dispose()


@pytest.fixture
def closed(owner: psycopg.Connection) -> int:
    """A user with one role, which has ended; returns the row id."""
    user_id = a_user(owner)
    a_role(owner, user_id, start="now() - interval '2 days'", end="now() - interval '1 day'", active=False)
    return user_id


def constraint_of(error: BaseException) -> str | None:
    """The name of the violated constraint."""
    cause = getattr(error, "orig", error)
    assert isinstance(cause, errors.CheckViolation)
    return cause.diag.constraint_name


@pytest.mark.parametrize("attempt", [GIVE, OPEN_AGAIN])
def test_a_deleted_user_cannot_be_assigned_a_role(owner: psycopg.Connection, closed: int, attempt: str) -> None:
    owner.execute(DELETE)
    with pytest.raises(errors.CheckViolation) as refused:
        owner.execute(attempt)
    assert constraint_of(refused.value) == "user_roles_of_the_living"
    assert rows(owner, "select count(*) from user_roles where is_active") == [(0,)]


@pytest.mark.parametrize("attempt", [GIVE, OPEN_AGAIN])
def test_assigning_a_role_during_a_deletion_waits_for_it_and_is_refused(
    engine: Engine, owner: psycopg.Connection, closed: int, attempt: str
) -> None:
    with (
        holding(engine, DELETE) as deletion,
        waiting_for_a_lock(engine, lambda: change(engine, attempt)) as giving,
    ):
        deletion.commit()
        refused = giving.exception()
    assert refused is not None
    assert constraint_of(refused) == "user_roles_of_the_living"
    assert rows(owner, "select count(*) from user_roles where is_active") == [(0,)]


def test_a_deletion_that_is_rolled_back_lets_the_assignment_succeed(
    engine: Engine, owner: psycopg.Connection, closed: int
) -> None:
    with (
        holding(engine, DELETE) as deletion,
        waiting_for_a_lock(engine, lambda: change(engine, GIVE)) as giving,
    ):
        deletion.rollback()
        giving.result()
    assert rows(owner, "select role from user_roles where is_active") == [("MENTOR",)]


def test_two_roles_can_be_assigned_to_one_user_concurrently_without_waiting(
    engine: Engine, owner: psycopg.Connection, closed: int
) -> None:
    with holding(engine, GIVE):
        change(engine, GIVE.replace("MENTOR", "ADMIN"))
    assert rows(owner, "select role from user_roles where is_active") == [("ADMIN",)]


def test_past_assignments_of_a_deleted_user_can_still_be_inserted_and_closed(
    owner: psycopg.Connection, closed: int
) -> None:
    role_id = a_role(owner, closed, role="ADMIN")
    owner.execute(DELETE)
    owner.execute(
        "update user_roles set is_active = false, effective_end_date = now(), end_reason = 'gone' where id = %s",
        (role_id,),
    )
    a_role(owner, closed, start="now() - interval '2 days'", end="now() - interval '1 day'", active=False)
    assert rows(owner, "select count(*) from user_roles") == [(3,)]


def test_a_deleted_user_cannot_be_assigned_a_role_in_replication_mode_either(superuser: psycopg.Connection) -> None:
    a_user(superuser)
    superuser.execute(DELETE)
    superuser.execute("set session_replication_role = replica")
    with pytest.raises(errors.CheckViolation):
        superuser.execute(GIVE)
