"""Isolates the failing event of a set: halves the set until that event is alone, so that the others can be applied."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Engine

from akako_guard.database import faults
from config import logs
from db.permission import NotPermitted
from sync import failures
from sync.enqueue import Queue

log = structlog.get_logger()

Done = TypeVar("Done")

LONGEST_SECONDS = 20.0
"""Bisecting ends after this time, well before the task's own limit; the remaining events are enqueued again, and no
attempt is counted."""


class WorkerLost(Exception):
    """The worker process ended, or the time limit was reached, while it applied this event alone."""


def run(
    svix_ids: Sequence[str],
    apply_set: Callable[[Sequence[str]], Done],
    on_failure: Callable[[str, Exception], Done],
    deadline: float,
) -> Iterator[Done]:
    """The results of `apply_set` for the set or its parts, and of `on_failure` for each event that fails alone.

    Raises errors that the events did not cause: the database is unavailable, the time limit is reached, the deadline
    (monotonic) has passed, or the author is not permitted.
    """
    try:
        yield apply_set(svix_ids)
        return
    except NotPermitted:
        raise
    except Exception as error:
        if not svix_ids or ran_out_of_time(error) or faults.is_unavailable(error) or time.monotonic() > deadline:
            raise
        if len(svix_ids) == 1:
            yield on_failure(svix_ids[0], error)
            return
        log.info("set.bisected", events=len(svix_ids), **logs.fault(error))
    for half in _halves(svix_ids):
        yield from run(half, apply_set, on_failure, deadline)


def enqueue_halves(queue: Queue, svix_ids: Sequence[str]) -> None:
    """Enqueue each half of a set as a message of its own."""
    for half in _halves(svix_ids):
        queue.put(half)


def after_timeout(engine: Engine, queue: Queue, svix_ids: Sequence[str]) -> None:
    """Enqueue the halves of a set that reached the time limit; for a single event, count a failed attempt."""
    if len(svix_ids) == 1:
        failures.note(engine, svix_ids[0], WorkerLost())
    else:
        enqueue_halves(queue, svix_ids)


def _halves(svix_ids: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    middle = len(svix_ids) // 2
    return svix_ids[:middle], svix_ids[middle:]


def ran_out_of_time(error: BaseException | None) -> bool:
    """Whether the task's soft time limit caused this error; an interrupted database driver raises another type."""
    while error is not None:
        if isinstance(error, SoftTimeLimitExceeded):
            return True
        error = error.__cause__ or error.__context__
    return False
