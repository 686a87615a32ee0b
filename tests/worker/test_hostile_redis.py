"""A whole worker whose Redis others write to: it stays small, goes on, and takes no orders."""

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import redis
from celery import Celery

from config.redis_url import KEY_PREFIX
from dev.embedded.servers import Servers
from sync import broker
from tests.dev.groups import until
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database, copy_of
from tests.sync.test_admission import encoded, message
from tests.worker.messages import EVENTS_KEY

pytestmark = pytest.mark.recovery

MEGABYTE = 2**20
BOMB_BYTES = 200 * MEGABYTE


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def stack(database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that has applied an event, and that has to survive all of these tests."""
    with running_stack(database, servers.redis_url, tmp_path_factory.mktemp("stack"), WORKER_PROCESSES="1") as made:
        made.start("web", "worker", "beat")
        made.deliver(made.clerk.created("user_first", email=None))
        until(lambda: made.roles("user_first"))
        yield made


@pytest.fixture
def raw(servers: Servers) -> Iterator[redis.Redis]:
    """The Redis that the worker takes its messages from, as it is."""
    with redis.Redis.from_url(servers.redis_url) as client:
        yield client


def worker(stack: RunningStack) -> psutil.Process:
    """The worker's main process."""
    return psutil.Process(stack.hands()[0].ppid())


def most_memory(stack: RunningStack) -> int:
    """The most memory in bytes that the worker's main process has ever occupied; Linux keeps count."""
    status = Path(f"/proc/{worker(stack).pid}/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak) * 1_024


def applies(stack: RunningStack) -> bool:
    """Whether one more event is applied."""
    user = f"user_{uuid4().hex}"
    stack.deliver(stack.clerk.created(user, email=None))
    until(stack.settled)
    return stack.roles(user) == ["LEARNER"]


def refused(stack: RunningStack) -> dict[str, float]:
    """How many messages were refused, by reason."""
    return {
        label: value
        for (name, label), value in stack.scrape("worker").items()
        if name == "akako_messages_refused_total"
    }


def test_a_small_message_that_would_decompress_to_much_is_removed_and_takes_no_memory(
    stack: RunningStack, raw: redis.Redis
) -> None:
    bomb = zlib.compress(b'[[],{},{"x":"' + b"a" * BOMB_BYTES + b'"}]')
    told = message(task="sweep", compression="application/x-gzip", body=base64.b64encode(bomb).decode())
    before = most_memory(stack)
    raw.lpush(KEY_PREFIX + broker.CALENDAR, json.dumps(told))
    until(lambda: refused(stack).get("compressed") == 1)
    assert applies(stack)
    assert most_memory(stack) - before < 50 * MEGABYTE


def test_no_message_ends_a_worker(stack: RunningStack, raw: redis.Redis) -> None:
    pid = worker(stack).pid
    told = [
        b"not json",
        json.dumps(message(properties={})).encode(),
        json.dumps(message(headers=None)).encode(),
        json.dumps(message(body=encoded([[["msg_1"]], {}, {"chain": [{"task": "sweep"}]}]))).encode(),
        json.dumps(message(task="celery.backend_cleanup")).encode(),
    ]
    for one in told:
        raw.lpush(EVENTS_KEY, one)
    raw.hset(KEY_PREFIX + "unacked", "forged", "not json")
    raw.hset(KEY_PREFIX + "unacked", "short", "[1]")
    raw.zadd(KEY_PREFIX + "unacked_index", {"forged": 1, "short": 1, "absent": 1})
    until(lambda: raw.llen(EVENTS_KEY) == 0)
    until(lambda: raw.hlen(KEY_PREFIX + "unacked") == 0)
    assert applies(stack)
    assert (worker(stack).pid, stack.code("worker")) == (pid, None)


def test_no_command_is_obeyed(stack: RunningStack, servers: Servers) -> None:
    with Celery(broker=servers.redis_url) as another:
        another.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
        control = another.control
        control.broadcast("shutdown")
        control.broadcast("pool_shrink", arguments={"n": 1})
        control.rate_limit(broker.APPLY_EVENTS, "1/h")
        control.cancel_consumer(broker.EVENTS)
        assert control.ping(timeout=1) == []
    until(lambda: refused(stack).get("remote_control", 0) >= 5)
    for number in range(3):
        stack.deliver(stack.clerk.created(f"user_{number}", email=None))
        until(stack.settled)
    assert stack.code("worker") is None
    assert len(stack.hands()) == 1


def test_forged_redeliveries_keep_no_event_from_being_applied(stack: RunningStack, raw: redis.Redis) -> None:
    ban = stack.clerk.updated("user_first", at=1, email=None, banned=True)
    told = message(body=encoded([[[ban.svix_id]], {}, {}]))
    told["properties"]["delivery_info"]["redelivered"] = True
    told["headers"]["redelivered"] = True
    for number in range(200):
        told["properties"]["delivery_tag"] = f"forged_{number}"
        raw.lpush(EVENTS_KEY, json.dumps(told))
        if number == 100:
            stack.deliver(ban)
    until(stack.settled)
    assert stack.value("select banned from users where clerk_id = 'user_first'") is True
    assert stack.value("select attempts from webhook_events where svix_id = %s", ban.svix_id) == 0
