"""Faults of Redis: killed, flushed, unresponsive, unavailable, full."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from tests.faults.suite import process_faults
from tests.faults.suite.stack import Stack

OUTAGE_SECONDS = 30
UNRESPONSIVE_SECONDS = 30
UNAVAILABLE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Outage:
    """Redis accepts no messages for some time."""

    begin: Callable[[Stack], None]
    end: Callable[[Stack], None]
    seconds: float = OUTAGE_SECONDS

    def __call__(self, stack: Stack) -> None:
        """Start the outage, and end it after `seconds`."""
        self.begin(stack)
        try:
            time.sleep(self.seconds)
        finally:
            self.end(stack)


def kill(stack: Stack) -> None:
    """Kill Redis with SIGKILL, and restart it without persistence, so that all its messages are lost."""
    stack.servers.redis.kill()
    stack.servers.redis.start()


def flush(stack: Stack) -> None:
    """Delete all data, including Celery's data about its queues."""
    stack.flush()


def be_unresponsive(stack: Stack) -> None:
    """Suspend Redis, which accepts connections but does not answer, and resume it."""
    os.kill(stack.servers.redis.pid, signal.SIGSTOP)
    time.sleep(UNRESPONSIVE_SECONDS)
    os.kill(stack.servers.redis.pid, signal.SIGCONT)


def be_unavailable(stack: Stack) -> None:
    """Stop Redis, restart worker and beat without it, and start it again."""
    stack.servers.redis.kill()
    process_faults.kill(stack, "worker")
    process_faults.kill(stack, "beat")
    time.sleep(UNAVAILABLE_SECONDS)
    stack.servers.redis.start()


def stop(stack: Stack) -> None:
    """Stop Redis."""
    stack.servers.redis.kill()


def start(stack: Stack) -> None:
    """Start Redis, empty."""
    stack.servers.redis.start()


def suspend(stack: Stack) -> None:
    """Suspend Redis: it accepts connections but does not answer."""
    os.kill(stack.servers.redis.pid, signal.SIGSTOP)


def resume(stack: Stack) -> None:
    """Resume Redis."""
    os.kill(stack.servers.redis.pid, signal.SIGCONT)


def fill(stack: Stack) -> None:
    """Leave Redis without memory (`maxmemory` with `noeviction`)."""
    _limit_memory(stack, 1)


def make_room(stack: Stack) -> None:
    """Remove the memory limit."""
    _limit_memory(stack, 0)


def _limit_memory(stack: Stack, most: int) -> None:
    with redis.Redis.from_url(stack.servers.redis_url, socket_timeout=2) as client:
        client.config_set("maxmemory", most)
