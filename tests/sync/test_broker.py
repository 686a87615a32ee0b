from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import Connection, Consumer, Queue

from config.redis_url import RedisAddress
from sync import bisect, broker
from tests.worker.started import started_with
from worker import process

CALENDAR_AND_EVENTS = [broker.CALENDAR] * 3 + [broker.EVENTS] * 3


@pytest.fixture
def celery(redis_url: str) -> Iterator[Celery]:
    """A worker's Celery application on an empty Redis."""
    made = broker.consumer(RedisAddress(redis_url))
    yield made
    made.close()


def served(connection: Connection, count: int) -> list[str]:
    """The queues that messages are taken from, one at a time as a worker takes them, first to last."""
    order: list[str] = []

    def take(_: object, message: object) -> None:
        order.append(message.delivery_info["routing_key"])  # type: ignore[attr-defined]
        message.ack()  # type: ignore[attr-defined]

    queues = [Queue(broker.EVENTS), Queue(broker.CALENDAR)]
    with Consumer(connection, queues, callbacks=[take], prefetch_count=1):
        while len(order) < count:
            connection.drain_events(timeout=10)
    return order


def test_a_worker_keeps_a_message_until_it_is_done_and_takes_one_at_a_time() -> None:
    conf = broker.consumer(RedisAddress("redis://127.0.0.1:1/0")).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1


def test_a_worker_waits_for_redis_as_long_as_it_takes_and_a_publisher_does_not() -> None:
    waiting, hasty = (make(RedisAddress("redis://127.0.0.1:1/0")).conf for make in (broker.consumer, broker.publisher))
    assert waiting.broker_connection_retry_on_startup
    assert waiting.broker_connection_max_retries is None
    assert not hasty.broker_connection_retry
    assert not hasty.task_publish_retry
    assert hasty.broker_transport_options["socket_timeout"] <= 1


def test_a_task_ends_before_its_message_is_given_to_another() -> None:
    conf = broker.consumer(RedisAddress("redis://127.0.0.1:1/0")).conf
    assert conf.task_soft_time_limit < conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_halving_ends_before_the_task_s_own_limit_even_if_it_has_just_begun_a_statement() -> None:
    longest = bisect.LONGEST_SECONDS + process.STATEMENT_SECONDS
    assert longest < broker.consumer(RedisAddress("redis://127.0.0.1:1/0")).conf.task_soft_time_limit


def test_only_json_is_spoken_and_no_result_is_kept() -> None:
    for make in (broker.consumer, broker.publisher):
        conf = make(RedisAddress("redis://127.0.0.1:1/0")).conf
        assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
        assert conf.task_ignore_result


@pytest.mark.processes
def test_the_calendar_ticks_as_configured_and_its_messages_do_not_pile_up() -> None:
    conf = started_with(
        "beat_schedule", "worker_concurrency", SWEEP_SECONDS="7", EXPIRE_SECONDS="45", WORKER_PROCESSES="3"
    )
    assert conf["worker_concurrency"] == 3
    assert conf["beat_schedule"] == {
        "sweep": {"task": "sweep", "schedule": 7.0, "options": {"queue": "calendar", "expires": 60}},
        "expire_roles": {"task": "expire_roles", "schedule": 45.0, "options": {"queue": "calendar", "expires": 90}},
        "forget_bodies": {
            "task": "forget_bodies",
            "schedule": 600.0,
            "options": {"queue": "calendar", "expires": 1_200},
        },
        "reconcile": {"task": "reconcile", "schedule": 60.0, "options": {"queue": "clerk", "expires": 120}},
        "push_roles": {"task": "push_roles", "schedule": 3.0, "options": {"queue": "claims", "expires": 60}},
    }


def test_the_calendar_is_served_before_a_backlog_of_events(celery: Celery) -> None:
    for queue in reversed(CALENDAR_AND_EVENTS):
        celery.send_task(broker.SWEEP, queue=queue)
    with celery.connection_for_read() as connection:
        assert served(connection, 6) == CALENDAR_AND_EVENTS
