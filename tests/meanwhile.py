"""Two things at once: for every race that the code defends against."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine

Result = TypeVar("Result")
SECONDS = 30


def at_once(*works: Callable[[], Result]) -> list[Result]:
    """Begin all at the same moment, each in a thread of its own; what each gave, in the order given."""
    gate = threading.Barrier(len(works))

    def work(number: int) -> Result:
        gate.wait(SECONDS)
        return works[number]()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(work, range(len(works)), timeout=SECONDS))


@contextmanager
def holding(engine: Engine, statement: str, parameters: Sequence[object] = ()) -> Iterator[Connection]:
    """Another transaction that has done this and is not finished; it is rolled back at the end."""
    with engine.connect() as connection:
        connection.exec_driver_sql(statement, tuple(parameters))
        yield connection
        connection.rollback()


@contextmanager
def waiting_for_a_lock(engine: Engine, work: Callable[[], Result]) -> Iterator[Future[Result]]:
    """The work, in a thread of its own, which has started to wait for a lock."""
    deadline = time.monotonic() + SECONDS
    with ThreadPoolExecutor(1) as thread:
        begun = thread.submit(work)
        while not _waits_for_a_lock(engine):
            assert not begun.done(), "it did not have to wait"
            assert time.monotonic() < deadline, "it never came to wait"
        yield begun


@contextmanager
def interrupted_at_a_lock(engine: Engine) -> Iterator[None]:
    """Exceed the soft time limit, as Celery's signal does, as soon as the block waits for a lock."""

    def interrupt(*_: object) -> None:
        raise SoftTimeLimitExceeded

    def send_when_waiting() -> None:
        deadline = time.monotonic() + SECONDS
        while not _waits_for_a_lock(engine):
            assert time.monotonic() < deadline, "it never came to wait"
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with ThreadPoolExecutor(1) as thread:
            sending = thread.submit(send_when_waiting)
            yield
            sending.result()
    finally:
        signal.signal(signal.SIGUSR1, before)


def _waits_for_a_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select exists (select from pg_locks where not granted and pid in"
            " (select pid from pg_stat_activity where datname = current_database()))"
        )
        return bool(found.scalar_one())
