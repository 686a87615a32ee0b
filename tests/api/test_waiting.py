"""Requests that cannot be answered now get 503 with Retry-After, and do not block others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from api.user_locks import Busy, UserLocks
from config.settings import ApiSettings
from tests import people
from tests.api.asking import Person, SignIn
from tests.meanwhile import holding, waiting_for_a_lock
from tests.servers import Database

LOCK_ADA = "select from users where clerk_id = 'user_ada' for no key update"
MENTOR = {"role": "MENTOR", "reason": "Leads a course."}


def roles_of(clerk_id: str) -> str:
    return f"/api/admin/users/{clerk_id}/roles"


@contextmanager
def altered(database: Database, statement: str) -> Iterator[psycopg.Connection]:
    """An open transaction of the owner that has executed the statement."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(statement)
        yield owner


def test_waiting_too_long_for_another_change_gets_503_with_retry_after(engine: Engine, admin: Person) -> None:
    people.add(engine, "user_ada")
    with holding(engine, LOCK_ADA):
        answer = admin.post(roles_of("user_ada"), **MENTOR)

    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "Another change" in answer.json()["message"]
    assert answer.headers["Retry-After"]


def test_a_locked_user_does_not_block_other_requests(
    engine: Engine, admin: Person, sign_in: SignIn, settings: ApiSettings
) -> None:
    for name in ("user_ada", "user_bob"):
        people.add(engine, name)
    people.add(engine, "user_boss", Role.ADMIN)
    more_than_connections = 3 * settings.api_connections

    with (
        holding(engine, LOCK_ADA),
        ThreadPoolExecutor(more_than_connections) as threads,
        waiting_for_a_lock(engine, lambda: admin.post(roles_of("user_ada"), **MENTOR)) as first,
    ):
        others = [threads.submit(admin.post, roles_of("user_ada"), **MENTOR) for _ in range(more_than_connections)]
        read = [sign_in("user_bob").get("/api/user/profile").status_code for _ in range(5)]
        changed = sign_in("user_boss").post(roles_of("user_bob"), **MENTOR)

    assert (read, changed.status_code) == ([200] * 5, 201)
    assert {each.result().status_code for each in (first, *others)} == {503}


def test_a_locked_admin_does_not_block_other_requests(
    engine: Engine, admin: Person, sign_in: SignIn, settings: ApiSettings
) -> None:
    names = [f"user_{number}" for number in range(2 * settings.api_connections)]
    for name in (*names, "user_bob"):
        people.add(engine, name)
    people.add(engine, "user_boss", Role.ADMIN)

    with (
        holding(engine, "select from users where clerk_id = 'user_admin' for no key update"),
        ThreadPoolExecutor(len(names)) as threads,
        waiting_for_a_lock(engine, lambda: admin.post(roles_of(names[0]), **MENTOR)) as first,
    ):
        others = [threads.submit(admin.post, roles_of(name), **MENTOR) for name in names[1:]]
        read = [sign_in("user_bob").get("/api/user/profile").status_code for _ in range(5)]
        changed = sign_in("user_boss").post(roles_of("user_bob"), **MENTOR)

    assert (read, changed.status_code) == ([200] * 5, 201)
    assert {each.result().status_code for each in (first, *others)} == {503}


def test_waiting_for_a_user_lock_times_out() -> None:
    user_locks = UserLocks(max_concurrent=2, seconds=0.01)
    with user_locks.take("user_ada"):
        with pytest.raises(Busy), user_locks.take("user_ada"):
            pass
        with user_locks.take("user_bob", "user_dee"), pytest.raises(Busy), user_locks.take("user_eve"):
            pass
        with pytest.raises(Busy), user_locks.take("user_bob", "user_ada"):
            pass
        with user_locks.take("user_eve"):
            pass


def test_a_cancelled_statement_gets_503_with_retry_after(engine: Engine, admin: Person, database: Database) -> None:
    with (
        altered(database, "lock table audit_log in access exclusive mode") as owner,
        waiting_for_a_lock(engine, lambda: admin.get("/api/admin/audit")) as asked,
        psycopg.connect(database.superuser_url) as superuser,
    ):
        superuser.execute(
            "select pg_cancel_backend(pid) from pg_stat_activity"
            " where application_name = 'akako api' and wait_event_type = 'Lock' and datname = current_database()"
        )
        answer = asked.result()
        owner.rollback()

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "overloaded" in answer.json()["message"]


def test_a_schema_mismatch_is_not_reported_as_unavailable(admin: Person, database: Database) -> None:
    with altered(database, "alter table audit_log rename to audit_log_of_another_version") as owner:
        owner.commit()
        answer = admin.get("/api/admin/audit")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "akako migrate" in answer.json()["message"]
