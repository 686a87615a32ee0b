"""What the watchdog sees of messages while Celery's main thread takes them."""

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery.worker import state

from worker.liveness import UnackedMessages


class Taken:
    """A message as Celery notes it."""

    def __init__(self, number: int) -> None:
        self.id = str(number)


@pytest.fixture
def busy() -> Iterator[None]:
    """A main thread that takes messages and finishes them all the time, whatever else is just being done."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    over = threading.Event()

    def take() -> None:
        reserved: Any = state.reserved_requests
        while not over.is_set():
            taken = [Taken(number) for number in range(50)]
            for each in taken:
                reserved.add(each)
            for each in taken:
                reserved.discard(each)

    thread = threading.Thread(target=take)
    thread.start()
    yield
    over.set()
    thread.join()
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("busy")
def test_messages_that_come_and_go_while_the_watch_reads_do_not_end_it() -> None:
    held = UnackedMessages()
    for _ in range(5_000):
        held.exist()
    assert not held.overdue()
