"""The whole service while Redis is full, gone and silent: events are applied all the while, and nothing restarts."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from dev.embedded.redis import Redis
from health.watchdog import PATIENCE_SECONDS
from tests.dev.groups import until
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database

BOUND_SECONDS = 30
PIDS = ("web", "worker", "beat")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own, full from the beginning."""
    made = Redis(tmp_path / "server", options={"maxmemory": "1"})
    made.start()
    yield made
    made.kill()


@pytest.fixture
def stack(database: Database, server: Redis, tmp_path: Path) -> Iterator[RunningStack]:
    """Receiver, worker and calendar, started while Redis is full."""
    with running_stack(database, server.url(), tmp_path, WORKER_PROCESSES="1") as made:
        made.start("web", "worker", "beat")
        yield made


def is_applied(stack: RunningStack, name: str) -> None:
    """Deliver a user, and see that it is applied in time."""
    assert stack.deliver(stack.clerk.created(name, email=None)) == [202]
    until(lambda: stack.roles(name), BOUND_SECONDS)


def broker_of_readyz(stack: RunningStack) -> str:
    return str(httpx.get(f"{stack.url}/readyz", timeout=10, trust_env=False, verify=False).json()["parts"]["broker"])


def memory(server: Redis, most: int) -> None:
    with redis.Redis.from_url(server.url()) as client:
        client.config_set("maxmemory", most)


@pytest.mark.recovery
@pytest.mark.timeout(400)
def test_invariant_4_events_are_applied_while_redis_is_full_gone_and_silent_and_nothing_restarts(
    stack: RunningStack, server: Redis
) -> None:
    end = time.monotonic() + 2 * PATIENCE_SECONDS
    number = 0
    while time.monotonic() < end:
        number += 1
        is_applied(stack, f"user_full_{number}")
    until(lambda: broker_of_readyz(stack) == "is full (maxmemory); queue unavailable, events are applied directly")
    until(lambda: stack.scrape("worker")["akako_applied_directly", ""] == 1)
    seen = stack.scrape("worker")
    assert seen["akako_broker_up", ""] == 0
    assert seen["akako_stalled_seconds", ""] < PATIENCE_SECONDS / 2
    assert seen["akako_events_applied_directly_total", ""] == number

    memory(server, 0)
    until(lambda: broker_of_readyz(stack) == "healthy", 30)
    through_the_queue(stack, "user_after_full")

    memory(server, 1)
    is_applied(stack, "user_full_again")
    memory(server, 0)
    until(lambda: broker_of_readyz(stack) == "healthy", 30)
    through_the_queue(stack, "user_after_full_again")

    server.kill()
    is_applied(stack, "user_gone")
    server.start()
    memory(server, 0)
    through_the_queue(stack, "user_back")

    os.kill(server.pid, signal.SIGSTOP)
    is_applied(stack, "user_silent")
    os.kill(server.pid, signal.SIGCONT)
    through_the_queue(stack, "user_talking")

    assert [stack.code(name) for name in PIDS] == [None, None, None]
    said = [line["event"] for line in stack.lines()]
    assert "thread.died" not in said
    assert not [event for event in said if event.endswith(".stalled")]


def through_the_queue(stack: RunningStack, name: str) -> None:
    """Wait until events are applied by the worker's own processes, and not directly."""
    directly = stack.scrape("worker")["akako_events_applied_directly_total", ""]
    until(lambda: stack.value("select count(*) from leases where expires_at > clock_timestamp()") == 0, 30)
    count = 0

    def promptly() -> bool:
        nonlocal count
        count += 1
        sent = stack.clerk.created(f"{name}_{count}", email=None)
        stack.deliver(sent)
        end = time.monotonic() + 4  # before the sweep would find it
        while time.monotonic() < end:
            if stack.roles(f"{name}_{count}"):
                return True
            time.sleep(0.05)
        return False

    until(promptly, 60)
    until(stack.settled)
    assert stack.scrape("worker")["akako_events_applied_directly_total", ""] >= directly
