import socket

import pytest
import redis
from kombu.exceptions import OperationalError
from sqlalchemy import Engine

from config.redis_url import RedisAddress
from sync import enqueue
from sync.enqueue import MOST_MESSAGES, Queue
from sync.sweep import ENOUGH_WAITING, sweep
from tests.clerk_sender import Clerk
from tests.ledger import change, keep, values
from tests.meanwhile import at_once
from tests.proxy import proxy
from tests.sync.conftest import Apply
from tests.worker.messages import bodies, enqueued, messages


def waiting(engine: Engine, clerk: Clerk, count: int) -> list[str]:
    """Store events that have waited longer than their first message takes; the longest first."""
    ids = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(count)))
    for age, svix_id in enumerate(reversed(ids)):
        change(
            engine,
            "update webhook_events set next_attempt_at = now() - %s * interval '1 minute' where svix_id = %s",
            age,
            svix_id,
        )
    return ids


def test_due_events_are_enqueued_in_sets_the_longest_waiting_first(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    ids = waiting(engine, clerk, 7)
    assert sweep(engine, queue, most=100) == 7
    assert enqueued(raw) == ids
    assert [len(args[0]) for (args, _, _) in bodies(raw)] == [3, 3, 1]


def test_no_more_than_the_bound_is_enqueued(engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis) -> None:
    ids = waiting(engine, clerk, 7)
    assert sweep(engine, queue, most=4) == 4
    assert enqueued(raw) == ids[:4]


def test_what_is_fresh_applied_or_parked_is_not_enqueued(
    engine: Engine, clerk: Clerk, apply: Apply, queue: Queue, raw: redis.Redis
) -> None:
    apply(clerk.created())
    keep(engine, clerk, clerk.updated(at=1), clerk.send(b"not json"))
    assert sweep(engine, queue, most=100) == 0
    assert messages(raw) == []


def test_two_sweeps_at_once_enqueue_everything_and_nothing_else(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    ids = waiting(engine, clerk, 20)
    assert at_once(*[lambda: sweep(engine, queue, most=100)] * 2) == [20, 20]
    assert sorted(enqueued(raw)) == sorted(ids * 2)


def test_a_sweep_does_nothing_while_enough_waits_in_the_queue(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    waiting(engine, clerk, 1)
    queue.put(["msg"] * 3 * (ENOUGH_WAITING + 1))
    assert sweep(engine, queue, most=100) == 0
    assert queue.length() == ENOUGH_WAITING + 1


def test_losing_all_of_redis_loses_nothing_that_a_sweep_does_not_find(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    ids = waiting(engine, clerk, 5)
    queue.put(ids)
    raw.flushall()
    sweep(engine, queue, most=100)
    assert enqueued(raw) == ids


def test_what_an_earlier_version_left_in_keys_without_a_prefix_is_swept_into_the_queue(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    ids = waiting(engine, clerk, 5)
    raw.lpush("events", *ids)
    assert sweep(engine, queue, most=100) == 5
    assert enqueued(raw) == ids
    assert raw.llen("events") == 5


def test_invariant_4_a_message_carries_ids_and_no_payload(
    engine: Engine, clerk: Clerk, queue: Queue, raw: redis.Redis
) -> None:
    sent = clerk.created(email="ada@example.com", first_name="Ada")
    queue.put(keep(engine, clerk, sent))
    ((args, kwargs, _),) = bodies(raw)
    assert (args, kwargs) == ([[sent.svix_id]], {})
    everything = str(messages(raw)) + str(bodies(raw))
    assert [word for word in ("ada@", "Ada", "Lovelace", "user_ada", "never to be seen") if word in everything] == []


def test_sweeping_changes_nothing_in_the_ledger(engine: Engine, clerk: Clerk, queue: Queue) -> None:
    waiting(engine, clerk, 2)
    before = values(engine, "select webhook_events::text from webhook_events order by svix_id")
    sweep(engine, queue, most=100)
    assert values(engine, "select webhook_events::text from webhook_events order by svix_id") == before


def test_a_full_queue_gets_no_more_until_there_is_room(
    queue: Queue, raw: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert queue.put(["msg_first"]) == 1
    raw.flushall()
    monkeypatch.setattr(enqueue, "MOST_MESSAGES", 2)
    assert [queue.put([f"msg_{number}"]) for number in range(4)] == [1, 2, 2, 2]
    assert enqueued(raw) == ["msg_0", "msg_1"]
    raw.flushall()
    assert queue.put(["msg_4"]) == 1
    assert enqueued(raw) == ["msg_4"]


def test_messages_are_sent_though_the_queue_length_is_unknown(redis_url: str, raw: redis.Redis) -> None:
    with proxy(redis_url) as road:
        queue = Queue(RedisAddress(road.url), set_size=3)
        queue.put(["msg_1"])
        road.swallow(b"LLEN")
        assert queue.put(["msg_2"]) == MOST_MESSAGES
        road.swallow(None)
        assert queue.put(["msg_3"]) == 3
        queue.close()
    assert enqueued(raw) == ["msg_1", "msg_2", "msg_3"]


def test_putting_into_a_redis_that_refuses_raises() -> None:
    queue = Queue(RedisAddress("redis://127.0.0.1:1/0"), set_size=3)
    with pytest.raises((OperationalError, redis.RedisError)):
        queue.put(["msg_1"])
    queue.close()


def test_putting_into_a_redis_that_never_answers_gives_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = Queue(RedisAddress(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"), set_size=3)
        with pytest.raises((OperationalError, redis.RedisError)):
            queue.put(["msg_1"])
        queue.close()
