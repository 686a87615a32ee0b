"""A worker or calendar that lives and does nothing ends itself, as a process; one that only takes long does not."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from health.watchdog import PATIENCE_SECONDS, STALLED
from tests.dev.groups import until
from tests.ledger import change, keep
from tests.proxy import Proxy, proxy
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database

pytestmark = pytest.mark.recovery

NOTICED_SECONDS = 60
"""More than patience takes on a busy machine, less than the bound on how long a message is held."""
SLOW = """
create function slowly() returns trigger language plpgsql as $$
    begin perform pg_sleep({}); return new; end $$;
create trigger slowly before insert on users for each row execute function slowly()
"""

SLEEPING = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
NEWEST_IS_OLDER = "select max(received_at) < now() - make_interval(secs => %s) from webhook_events"


@pytest.fixture
def road(redis_url: str) -> Iterator[Proxy]:
    """The way to Redis."""
    with proxy(redis_url) as made:
        yield made


@pytest.fixture
def stack(database: Database, road: Proxy, tmp_path: Path) -> Iterator[RunningStack]:
    """A stack that has applied an event, with one worker process."""
    with running_stack(database, road.url, tmp_path, WORKER_PROCESSES="1") as made:
        made.start("web", "worker", "beat")
        made.deliver(made.clerk.created("user_first", email=None))
        until(lambda: made.roles("user_first"))
        yield made


def events(stack: RunningStack) -> list[str]:
    return [line["event"] for line in stack.lines()]


def lives(process: psutil.Process) -> bool:
    """Whether it runs or is suspended; an ended process may not have been reaped yet."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def applied_after_a_restart(stack: RunningStack, name: str) -> bool:
    """Whether all is well again once the supervisor has started the part that ended."""
    stack.start(name)
    until(stack.settled)
    return True


def test_a_worker_whose_hands_have_stopped_ends_with_them_and_the_next_one_applies(stack: RunningStack) -> None:
    hands = stack.hands()
    for hand in hands:
        hand.suspend()
    stack.deliver(stack.clerk.created("user_second", email=None))
    until(lambda: stack.code("worker") == STALLED, NOTICED_SECONDS)
    until(lambda: not any(lives(hand) for hand in hands))
    assert events(stack).count("worker.stalled") == 1
    assert applied_after_a_restart(stack, "worker")


def test_a_worker_that_hears_of_no_message_any_more_ends_and_the_next_one_applies(
    stack: RunningStack, road: Proxy
) -> None:
    road.swallow(b"BRPOP")
    stack.deliver(stack.clerk.created("user_second", email=None))
    # Celery may notice first and connect anew: the patience then begins once more.
    until(lambda: stack.code("worker") == STALLED, NOTICED_SECONDS)
    road.swallow(None)
    assert applied_after_a_restart(stack, "worker")


def test_a_calendar_that_cannot_get_rid_of_its_messages_ends_and_the_next_one_sweeps(
    stack: RunningStack, road: Proxy
) -> None:
    road.swallow(b"LPUSH")
    until(lambda: stack.code("beat") == STALLED, NOTICED_SECONDS)
    keep(stack.engine, stack.clerk, stack.clerk.created("user_second", email=None))
    road.swallow(None)
    assert applied_after_a_restart(stack, "beat")


def test_a_worker_is_left_to_a_set_that_takes_longer_than_the_patience(stack: RunningStack, database: Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(SLOW.format(PATIENCE_SECONDS + 3))
    stack.deliver(stack.clerk.created("user_second", email=None))
    until(stack.settled)
    assert stack.roles("user_second") == ["LEARNER"]
    assert stack.code("worker") is None
    assert "worker.stalled" not in events(stack)


def test_a_worker_that_cannot_acknowledge_a_message_is_not_ended_while_redis_is_unresponsive(
    stack: RunningStack, road: Proxy, database: Database
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute(SLOW.format(2))
    stack.deliver(stack.clerk.created("user_second", email=None))
    until(lambda: stack.value(SLEEPING))
    road.swallow(b"\r\n")
    stack.deliver(stack.clerk.created("user_third", email=None))
    until(lambda: stack.roles("user_third"))
    until(lambda: stack.value(NEWEST_IS_OLDER, PATIENCE_SECONDS + 3))
    road.swallow(None)
    assert stack.code("worker") is None
    assert "worker.stalled" not in events(stack)


def test_a_process_that_stops_leaves_the_work_to_the_others(database: Database, road: Proxy, tmp_path: Path) -> None:
    with running_stack(database, road.url, tmp_path, WORKER_PROCESSES="2") as stack:
        stack.start("web", "worker", "beat")
        stack.deliver(stack.clerk.created("user_first", email=None))
        until(lambda: stack.roles("user_first"))
        stack.hands()[0].suspend()
        stack.deliver(*(stack.clerk.created(f"user_{number}", email=None) for number in range(20)))
        until(stack.settled)
        assert stack.code("worker") is None


def test_a_worker_that_starts_looks_at_once_for_what_was_lost(
    database: Database, redis_url: str, tmp_path: Path
) -> None:
    with running_stack(database, redis_url, tmp_path) as stack:
        keep(stack.engine, stack.clerk, stack.clerk.created("user_lost", email=None))
        change(stack.engine, "update webhook_events set next_attempt_at = now()")
        stack.start("web", "worker")
        until(lambda: stack.roles("user_lost"))
        assert stack.code("beat") is None
