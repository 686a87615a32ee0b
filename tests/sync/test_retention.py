import pytest
from sqlalchemy import Engine

from sync.retention import erase_bodies
from tests.clerk_sender import Clerk
from tests.ledger import change, keep, values
from tests.meanwhile import at_once

FORGOTTEN = "select count(*) from webhook_events where body is null"


@pytest.fixture
def old(engine: Engine, owner: Engine, clerk: Clerk) -> int:
    """Many applied events of last year; how many."""
    keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(250)))
    change(owner, "update webhook_events set status = 'applied', applied_at = now(), received_at = '2025-01-01Z'")
    return 250


def test_everything_old_is_forgotten_in_bounded_transactions(engine: Engine, old: int) -> None:
    assert erase_bodies(engine, days=90, batch=100) == old
    sizes = values(engine, "select count(*) from webhook_events where body is null group by xmin::text order by 1")
    assert sizes == [50, 100, 100]


def test_a_second_run_finds_nothing(engine: Engine, old: int) -> None:
    erase_bodies(engine, days=90)
    assert erase_bodies(engine, days=90) == 0


def test_what_is_young_keeps_its_body(engine: Engine, old: int) -> None:
    assert erase_bodies(engine, days=36_500) == 0
    assert values(engine, FORGOTTEN) == [0]


def test_two_calendars_at_once_forget_each_body_once(engine: Engine, old: int) -> None:
    assert sum(at_once(*[lambda: erase_bodies(engine, days=90, batch=20)] * 2)) <= old
    erase_bodies(engine, days=90)
    assert values(engine, FORGOTTEN) == [old]
