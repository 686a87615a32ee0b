"""Faults of Redis: killed, emptied, silent, gone."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from tests.faults.suite import process_faults
from tests.faults.suite.stack import Stack

OUTAGE_SECONDS = 30
SILENT_SECONDS = 30
ABSENT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Outage:
    """Redis takes no messages for some time."""

    begin: Callable[[Stack], None]
    end: Callable[[Stack], None]
    seconds: float = OUTAGE_SECONDS

    def __call__(self, stack: Stack) -> None:
        """Begin it, and end it when its time has passed."""
        self.begin(stack)
        try:
            time.sleep(self.seconds)
        finally:
            self.end(stack)


def kill(stack: Stack) -> None:
    """`kill -9`, and start it again: without persistence, so that all of its messages are lost."""
    stack.servers.redis.kill()
    stack.servers.redis.start()


def flush(stack: Stack) -> None:
    """All its data is gone, what Celery keeps about its queues too."""
    stack.flush()


def fall_silent(stack: Stack) -> None:
    """It is there, takes connections, and does not answer."""
    os.kill(stack.servers.redis.pid, signal.SIGSTOP)
    time.sleep(SILENT_SECONDS)
    os.kill(stack.servers.redis.pid, signal.SIGCONT)


def be_absent(stack: Stack) -> None:
    """It is not there, and worker and calendar are started without it."""
    stack.servers.redis.kill()
    process_faults.kill(stack, "worker")
    process_faults.kill(stack, "beat")
    time.sleep(ABSENT_SECONDS)
    stack.servers.redis.start()


def stop(stack: Stack) -> None:
    """It is not there."""
    stack.servers.redis.kill()


def start(stack: Stack) -> None:
    """It is there again, empty."""
    stack.servers.redis.start()


def suspend(stack: Stack) -> None:
    """It takes connections and does not answer."""
    os.kill(stack.servers.redis.pid, signal.SIGSTOP)


def resume(stack: Stack) -> None:
    """It answers again."""
    os.kill(stack.servers.redis.pid, signal.SIGCONT)


def fill(stack: Stack) -> None:
    """It has no memory left (`maxmemory` with `noeviction`)."""
    _limit_memory(stack, 1)


def make_room(stack: Stack) -> None:
    """It has memory again."""
    _limit_memory(stack, 0)


def _limit_memory(stack: Stack, most: int) -> None:
    with redis.Redis.from_url(stack.servers.redis_url, socket_timeout=2) as client:
        client.config_set("maxmemory", most)
