"""What the watchdog sees of messages while Celery's main thread takes them."""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery.worker import state

from config.redis_url import RedisAddress
from health.broker import Broker, RedisUnavailable
from worker import liveness
from worker.liveness import UnackedMessages

NOWHERE = Broker(RedisAddress("redis://127.0.0.1:1/0"))


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


@pytest.fixture
def taken() -> Iterator[Taken]:
    """A message that was received and not acknowledged."""
    message, reserved = Taken(1), state.reserved_requests
    reserved.add(message)
    yield message
    reserved.discard(message)


@pytest.mark.usefixtures("taken")
def test_time_without_redis_does_not_make_a_message_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "LONGEST_UNACKED_SECONDS", 0.05)
    unacked = UnackedMessages(NOWHERE)
    assert unacked.exist()
    with pytest.raises(RedisUnavailable):
        unacked.or_waiting()
    time.sleep(0.1)
    assert unacked.exist()
    assert not unacked.overdue()
    time.sleep(0.1)
    assert unacked.exist()
    assert unacked.overdue()


@pytest.mark.usefixtures("taken")
def test_a_message_that_was_not_acknowledged_is_pending_work(redis_url: str) -> None:
    assert UnackedMessages(Broker(RedisAddress(redis_url))).or_waiting()


def test_without_messages_no_work_is_pending(redis_url: str) -> None:
    assert not UnackedMessages(Broker(RedisAddress(redis_url))).or_waiting()


@pytest.mark.usefixtures("busy")
def test_messages_that_come_and_go_while_they_are_counted_raise_no_error() -> None:
    held = UnackedMessages(NOWHERE)
    for _ in range(5_000):
        held.exist()
    assert not held.overdue()
