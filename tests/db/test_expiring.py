import psycopg
from sqlalchemy import Engine

from db import audit, roles
from tests.db.people import a_role, a_user, actions, rows, trail
from tests.meanwhile import at_once, holding

ENDED = """
    insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
    select %s, 'MENTOR', now() - n * interval '1 hour', now() - (n - 0.5) * interval '1 hour', 'the test'
    from generate_series(1, 100) n
"""


def expire(engine: Engine, most: int = 100) -> int:
    """Run one batch of the scheduled expiry."""
    with engine.begin() as connection:
        audit.set_actor(connection, "calendar")
        return roles.expire(connection, most)


def test_expiry_closes_ended_assignments_in_batches_with_an_audit_line_for_each(
    engine: Engine, owner: psycopg.Connection
) -> None:
    user_id = a_user(owner)
    owner.execute(ENDED, (user_id,))
    a_role(owner, user_id, role="LEARNER", end="now() + interval '1 day'")
    a_role(owner, user_id, role="ADMIN")
    assert [expire(engine, 60), expire(engine, 60), expire(engine, 60)] == [60, 40, 0]
    assert rows(owner, "select role from user_roles where is_active order by role") == [("ADMIN",), ("LEARNER",)]
    expired = [line for line in trail(owner) if line["action"] == "role.expired"]
    assert len(expired) == 100
    assert {line["actor"] for line in expired} == {"calendar"}


def test_expiry_starts_with_the_assignment_that_ended_first(engine: Engine, owner: psycopg.Connection) -> None:
    owner.execute(ENDED, (a_user(owner),))
    expire(engine, 10)
    assert rows(
        owner,
        "select max(effective_end_date) filter (where not is_active) < min(effective_end_date) filter (where is_active)"
        " from user_roles",
    ) == [(True,)]


def test_expiry_changes_no_end(engine: Engine, owner: psycopg.Connection) -> None:
    owner.execute(ENDED, (a_user(owner),))
    before = rows(owner, "select id, effective_end_date from user_roles order by id")
    expire(engine)
    assert rows(owner, "select id, effective_end_date from user_roles order by id") == before


def test_concurrent_expiries_close_each_assignment_once(engine: Engine, owner: psycopg.Connection) -> None:
    owner.execute(ENDED, (a_user(owner),))
    counts = at_once(*[lambda: sum(expire(engine, 7) for _ in range(20))] * 3)
    assert sum(counts) == 100
    assert actions(owner).count("role.expired") == 100


def test_expiry_skips_rows_locked_by_another_transaction(engine: Engine, owner: psycopg.Connection) -> None:
    owner.execute(ENDED, (a_user(owner),))
    with holding(engine, "select from user_roles order by id limit 30 for no key update"):
        assert expire(engine) == 70
    assert expire(engine) == 30
