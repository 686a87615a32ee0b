from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db import audit, roles
from tests.db.people import a_role, a_user, actions, rows, trail

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def held(engine: Engine, user_id: int) -> set[Role]:
    """The roles held now."""
    with engine.connect() as connection:
        return roles.held_by(connection, user_id)


def end_all(engine: Engine, user_id: int, at: datetime) -> None:
    """Delete a user and end all roles of the user."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update users set deleted_at = least(%s, now()), clerk_updated_at = null where id = %s", (at, user_id)
        )
        audit.set_actor(connection, "clerk", reason="")
        roles.end_all(connection, {user_id: at}, "The user is gone.")


@pytest.mark.parametrize(
    ("start", "end", "counts"),
    [
        ("now() - interval '1 day'", "null", True),
        ("now() - interval '1 day'", "now() + interval '1 day'", True),
        ("now() - interval '2 days'", "now() - interval '1 microsecond'", False),
        ("now() + interval '1 day'", "null", False),
        ("now() + interval '1 day'", "now() + interval '2 days'", False),
        ("now() - interval '1 day'", "now() - interval '1 day'", False),
    ],
)
def test_a_role_is_held_from_its_start_until_its_end_by_the_database_clock(
    engine: Engine, owner: psycopg.Connection, start: str, end: str, counts: bool
) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start=start, end=end)
    assert held(engine, user_id) == ({Role.MENTOR} if counts else set())


def test_invariant_5_a_role_ends_by_the_clock_in_the_query_without_any_job(
    engine: Engine, owner: psycopg.Connection
) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, end="clock_timestamp() + interval '300 milliseconds'")
    assert held(engine, user_id) == {Role.MENTOR}
    rows(owner, "select pg_sleep(extract(epoch from effective_end_date - clock_timestamp())) from user_roles")
    assert held(engine, user_id) == set()
    assert rows(owner, "select is_active from user_roles") == [(True,)]
    assert "role.expired" not in actions(owner)


def test_a_role_that_starts_is_held_without_any_job(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start="clock_timestamp() + interval '200 milliseconds'")
    assert held(engine, user_id) == set()
    rows(owner, "select pg_sleep(extract(epoch from effective_start_date - clock_timestamp())) from user_roles")
    assert held(engine, user_id) == {Role.MENTOR}


def test_a_closed_role_is_not_held_whatever_its_window(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start="now() - interval '1 day'", end="now() + interval '1 day'", active=False)
    assert held(engine, user_id) == set()


def test_a_deleted_user_holds_no_role(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id)
    owner.execute("update users set deleted_at = now(), clerk_updated_at = null")
    assert held(engine, user_id) == set()


def test_a_user_can_hold_several_roles(engine: Engine, owner: psycopg.Connection) -> None:
    user_id, other = a_user(owner), a_user(owner, "user_bea")
    for role in ("LEARNER", "ADMIN"):
        a_role(owner, user_id, role=role)
    a_role(owner, other, role="MENTOR")
    assert held(engine, user_id) == {Role.LEARNER, Role.ADMIN}


def test_ending_all_ends_open_assignments_at_the_given_time_with_the_reason(
    engine: Engine, owner: psycopg.Connection
) -> None:
    user_id = a_user(owner)
    for role in ("LEARNER", "ADMIN"):
        a_role(owner, user_id, role=role, start="now() - interval '9 days'")
    end_all(engine, user_id, NOW - DAY)
    assert rows(owner, "select distinct effective_end_date, is_active, end_reason from user_roles") == [
        (NOW - DAY, False, "The user is gone.")
    ]
    assert [(line["action"], line["reason"]) for line in trail(owner)[-2:]] == [
        ("role.revoked", "The user is gone.")
    ] * 2


def test_ending_all_keeps_an_earlier_end_of_an_assignment(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start="now() - interval '9 days'", end="now() - interval '5 days'")
    before = rows(owner, "select effective_end_date from user_roles")
    end_all(engine, user_id, NOW - DAY)
    assert rows(owner, "select effective_end_date from user_roles") == before
    assert rows(owner, "select is_active, end_reason from user_roles") == [(False, "Its time ran out.")]
    assert actions(owner)[-1] == "role.expired"


def test_ending_all_cancels_assignments_that_have_not_started(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, start="now() + interval '1 day'", end="now() + interval '9 days'")
    end_all(engine, user_id, NOW)
    assert rows(
        owner,
        "select isempty(tstzrange(effective_start_date, effective_end_date)), is_active, end_reason from user_roles",
    ) == [(True, False, "The user is gone.")]


def test_ending_all_at_a_future_time_ends_now_with_the_reason(engine: Engine, owner: psycopg.Connection) -> None:
    user_id = a_user(owner)
    a_role(owner, user_id, role="LEARNER")
    a_role(owner, user_id, role="MENTOR", end="now() + interval '1 day'")
    end_all(engine, user_id, NOW + 2 * DAY)
    assert held(engine, user_id) == set()
    assert (
        rows(owner, "select effective_end_date <= now(), end_reason from user_roles")
        == [(True, "The user is gone.")] * 2
    )


def test_ending_all_changes_neither_closed_assignments_nor_other_users(
    engine: Engine, owner: psycopg.Connection
) -> None:
    user_id, other = a_user(owner), a_user(owner, "user_bea")
    a_role(owner, user_id, start="now() - interval '9 days'", end="now() - interval '5 days'", active=False)
    a_role(owner, other)
    before = rows(owner, "select * from user_roles order by id")
    end_all(engine, user_id, NOW)
    assert rows(owner, "select * from user_roles order by id") == before
