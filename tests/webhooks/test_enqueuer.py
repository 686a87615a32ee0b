"""Batching of event ids into messages: soon under low load, few messages while no worker takes them."""

import time

import redis

from config.redis_url import RedisAddress
from sync.enqueue import Queue
from tests.dev.groups import until
from tests.worker.messages import enqueued, sets
from webhooks.enqueuer import Enqueuer, pause

BATCHES, SECONDS_BETWEEN = 400, 0.005


def test_the_pause_grows_with_sent_events_and_waiting_messages_and_is_bounded() -> None:
    assert pause(1, 0) < 0.01
    assert pause(1, 0) < pause(10, 0) < pause(10, 10) < pause(10, 50)
    assert pause(10_000, 10_000) < 1


def test_without_workers_ids_wait_in_few_messages(redis_url: str) -> None:
    queue = Queue(RedisAddress(redis_url), set_size=200)
    enqueuer = Enqueuer(queue)
    enqueuer.start()
    ids = [f"msg_{number}" for number in range(BATCHES)]
    for svix_id in ids:
        enqueuer.enqueue([svix_id])
        time.sleep(SECONDS_BETWEEN)
    enqueuer.close()
    with redis.Redis.from_url(redis_url) as raw:
        until(lambda: len(enqueued(raw)) == BATCHES)
        assert enqueued(raw) == ids
        assert len(sets(raw)) < BATCHES / 4
    queue.close()
