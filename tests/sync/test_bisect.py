"""Sets that ran out of time or lost their worker are bisected until the failing event is alone."""

import pytest
import redis
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Engine

from akako_guard.role import Role
from sync import bisect, failures
from sync.apply import Applied, apply_redelivered
from sync.apply import apply as apply_ids
from sync.bisect import ran_out_of_time
from sync.enqueue import Queue
from tests.clerk_sender import Clerk
from tests.ledger import change, keep, rows
from tests.meanwhile import holding, interrupted_at_a_lock
from tests.sync.conftest import Apply
from tests.worker.messages import sets

FAILED = "select attempts, last_error, next_attempt_at > now() from webhook_events"


def three(clerk: Clerk, engine: Engine) -> list[str]:
    """Keep three events that wait."""
    return keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(3)))


def raised_over(beneath: BaseException, *, on_purpose: bool) -> BaseException:
    """An error that has another in its chain: as its cause, or as what was being handled."""
    above = ValueError()
    above.__cause__ = beneath if on_purpose else None
    above.__context__ = beneath
    return above


def test_the_soft_time_limit_is_recognised_at_the_bottom_of_any_chain() -> None:
    limit = SoftTimeLimitExceeded()
    assert ran_out_of_time(limit)
    assert ran_out_of_time(raised_over(limit, on_purpose=True))
    assert ran_out_of_time(raised_over(limit, on_purpose=False))
    assert ran_out_of_time(raised_over(raised_over(limit, on_purpose=False), on_purpose=True))
    assert not ran_out_of_time(raised_over(KeyError(), on_purpose=True))


def test_a_statement_that_the_time_limit_interrupts_counts_nothing_against_the_event(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    ids = keep(engine, clerk, clerk.updated(at=1))
    with (
        holding(engine, "select from users for update"),
        interrupted_at_a_lock(engine),
        pytest.raises(Exception) as raised,
    ):
        apply_ids(engine, ids, Role.LEARNER)
    assert ran_out_of_time(raised.value)
    assert rows(engine, "select attempts from webhook_events where svix_id = %s", *ids) == [(0,)]


def test_a_suspected_set_comes_apart_into_two_messages(
    engine: Engine, queue: Queue, raw: redis.Redis, clerk: Clerk
) -> None:
    ids = three(clerk, engine)
    bisect.after_timeout(engine, queue, ids)
    assert sets(raw) == [ids[:1], ids[1:]]
    assert rows(engine, "select distinct attempts from webhook_events") == [(0,)]


def test_a_suspected_event_that_stands_alone_has_failed_and_comes_again_after_a_pause(
    engine: Engine, queue: Queue, raw: redis.Redis, clerk: Clerk
) -> None:
    bisect.after_timeout(engine, queue, keep(engine, clerk, clerk.created()))
    assert rows(engine, FAILED) == [(1, "Attempt 1: error WorkerLost", True)]
    assert sets(raw) == []


def lose(engine: Engine, svix_id: str) -> None:
    """Begin an attempt, and never come back."""
    failures.begin(engine, svix_id, bisect.WorkerLost())


def test_an_attempt_that_never_ended_counts_and_is_not_made_again_before_its_pause_is_over(
    engine: Engine, queue: Queue, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    lose(engine, svix_id)
    assert rows(engine, FAILED) == [(1, "Attempt 1: error WorkerLost", True)]
    assert apply_redelivered(engine, svix_id, Role.LEARNER) == Applied()
    change(engine, "update webhook_events set next_attempt_at = now()")
    assert apply_redelivered(engine, svix_id, Role.LEARNER) == Applied(applied=1)


def test_an_event_over_which_workers_are_lost_again_and_again_is_parked(
    engine: Engine, queue: Queue, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    for _ in range(len(failures.PAUSES_SECONDS) + 1):
        lose(engine, svix_id)
        assert rows(engine, FAILED)[0][2]
        change(engine, "update webhook_events set next_attempt_at = now()")
    assert apply_redelivered(engine, svix_id, Role.LEARNER) == Applied()
    assert rows(engine, "select status, last_error from webhook_events") == [("parked", "Attempt 12: error WorkerLost")]


def test_a_redelivered_event_that_cannot_be_applied_has_one_failed_attempt(
    engine: Engine, owner: Engine, queue: Queue, clerk: Clerk
) -> None:
    change(owner, "alter table users add constraint no_ada check (first_name <> 'Ada')")
    (svix_id,) = keep(engine, clerk, clerk.created())
    assert apply_redelivered(engine, svix_id, Role.LEARNER) == Applied(failed=1)
    ((attempts, why, later),) = rows(engine, FAILED)
    assert (attempts, later) == (1, True)
    assert str(why).startswith("Attempt 1: error IntegrityError")


def test_a_redelivered_event_that_another_worker_holds_is_left_to_it(
    engine: Engine, queue: Queue, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    with holding(engine, "select from webhook_events for no key update"):
        assert apply_redelivered(engine, svix_id, Role.LEARNER) == Applied()
    assert rows(engine, "select status, attempts from webhook_events") == [("received", 0)]


def test_a_suspected_event_that_has_been_applied_already_has_not_failed(
    engine: Engine, queue: Queue, apply: Apply, clerk: Clerk
) -> None:
    apply(sent := clerk.created())
    bisect.after_timeout(engine, queue, [sent.svix_id])
    assert rows(engine, "select status, attempts from webhook_events") == [("applied", 0)]
