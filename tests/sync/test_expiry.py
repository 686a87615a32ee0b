import pytest
from sqlalchemy import Engine

from sync.expiry import expire
from tests.clerk_sender import Clerk
from tests.ledger import actions, change, values
from tests.meanwhile import at_once
from tests.sync.conftest import Apply


@pytest.fixture
def ended(owner: Engine, apply: Apply, clerk: Clerk) -> int:
    """A user with many assignments whose time ran out while no calendar ran; how many."""
    apply(clerk.created())
    change(
        owner,
        """
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
        select id, 'MENTOR', now() - n * interval '1 hour', now() - (n - 0.5) * interval '1 hour', 'the test'
        from users, generate_series(1, 250) n
        """,
    )
    return 250


def test_every_missed_end_is_caught_up_in_bounded_transactions(engine: Engine, ended: int) -> None:
    assert expire(engine, batch=100) == ended
    assert actions(engine).count("role.expired") == ended
    sizes = values(
        engine,
        "select count(*) from audit_log where action = 'role.expired' group by transaction_id order by transaction_id",
    )
    assert sizes == [100, 100, 50]


def test_what_is_still_held_stays(engine: Engine, ended: int) -> None:
    expire(engine, batch=1_000)
    assert values(engine, "select role from user_roles where is_active") == ["LEARNER"]


def test_a_second_run_finds_nothing(engine: Engine, ended: int) -> None:
    expire(engine, batch=1_000)
    assert expire(engine, batch=1_000) == 0


def test_two_calendars_at_once_write_each_end_down_once(engine: Engine, ended: int) -> None:
    assert sum(at_once(*[lambda: expire(engine, batch=20)] * 2)) <= ended
    expire(engine, batch=1_000)
    assert actions(engine).count("role.expired") == ended


def test_the_trail_says_that_it_was_the_calendar_and_why(engine: Engine, ended: int) -> None:
    expire(engine, batch=1_000)
    said = values(engine, "select distinct actor || ': ' || reason from audit_log where action = 'role.expired'")
    assert said == ["calendar: Its time ran out."]
