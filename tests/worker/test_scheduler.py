"""The scheduler, and the messages of a process that does not run."""

from collections.abc import Iterator

import pytest
import redis
from celery.beat import ScheduleEntry
from celery.schedules import schedule

from config.redis_url import KEY_PREFIX, RedisAddress
from sync import broker
from worker.scheduler import StatelessScheduler


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def scheduler(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StatelessScheduler]:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("DATABASE_URL", "postgresql://akako@127.0.0.1:1/akako")
    app = broker.consumer(RedisAddress(redis_url))
    yield StatelessScheduler(app, lazy=True)
    app.close()


def entry(scheduler: StatelessScheduler, task: str, queue: str) -> ScheduleEntry:
    return ScheduleEntry(task, task, schedule=schedule(60), options={"queue": queue, "expires": 60}, app=scheduler.app)


def test_without_the_process_that_asks_clerk_its_messages_do_not_pile_up(
    scheduler: StatelessScheduler, queue: redis.Redis
) -> None:
    for _ in range(3):
        scheduler.apply_async(entry(scheduler, broker.RECONCILE, broker.CLERK), producer=scheduler.producer)
    assert queue.llen(KEY_PREFIX + broker.CLERK) == 1


def test_messages_for_the_worker_are_always_sent(scheduler: StatelessScheduler, queue: redis.Redis) -> None:
    for _ in range(3):
        scheduler.apply_async(entry(scheduler, broker.SWEEP, broker.CALENDAR), producer=scheduler.producer)
    assert queue.llen(KEY_PREFIX + broker.CALENDAR) == 3
