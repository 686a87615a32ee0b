"""Faults of Redis: killed, emptied, silent, gone."""

import os
import signal
import time

from tests.faults.suite import process_faults
from tests.faults.suite.stack import Stack

SILENT_SECONDS = 30
ABSENT_SECONDS = 30


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
