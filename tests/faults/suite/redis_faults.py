"""Faults of Redis: killed, emptied, silent, gone."""

import os
import signal
import time

from tests.faults.suite import process_faults
from tests.faults.suite.stack import House

SILENT_SECONDS = 30
ABSENT_SECONDS = 30


def kill(house: House) -> None:
    """`kill -9`, and start it again: without persistence, so that all of its messages are lost."""
    house.servers.redis.kill()
    house.servers.redis.start()


def flush(house: House) -> None:
    """All its data is gone, what Celery keeps about its queues too."""
    house.flush()


def fall_silent(house: House) -> None:
    """It is there, takes connections, and does not answer."""
    os.kill(house.servers.redis.pid, signal.SIGSTOP)
    time.sleep(SILENT_SECONDS)
    os.kill(house.servers.redis.pid, signal.SIGCONT)


def be_absent(house: House) -> None:
    """It is not there, and worker and calendar are started without it."""
    house.servers.redis.kill()
    process_faults.kill(house, "worker")
    process_faults.kill(house, "beat")
    time.sleep(ABSENT_SECONDS)
    house.servers.redis.start()
