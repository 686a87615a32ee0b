"""A set that fails comes apart until the culprit stands alone; its neighbours are done."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from config import logs
from db import faults
from db.permission import NotPermitted

log = structlog.get_logger()

Done = TypeVar("Done")

LONGEST_SECONDS = 20.0
"""Halving ends then, well before the task's own limit; what is left was nobody's fault and is nudged again."""


def apart(
    svix_ids: Sequence[str],
    together: Callable[[Sequence[str]], Done],
    alone: Callable[[str, Exception], Done],
    deadline: float,
) -> Iterator[Done]:
    """What `together` made of the set, or of its parts, and `alone` of each event that fails by itself.

    Raises what is not the events' fault: the database is away, time ran out, the deadline (monotonic) has passed, or
    the author is not permitted.
    """
    try:
        yield together(svix_ids)
        return
    except NotPermitted:
        raise
    except Exception as error:
        if ran_out_of_time(error) or faults.is_unavailable(error) or time.monotonic() > deadline:
            raise
        if len(svix_ids) == 1:
            yield alone(svix_ids[0], error)
            return
        log.info("set.bisected", events=len(svix_ids), **logs.fault(error))
    for half in halves(svix_ids):
        yield from apart(half, together, alone, deadline)


def halves(svix_ids: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """A set in two."""
    middle = len(svix_ids) // 2
    return svix_ids[:middle], svix_ids[middle:]


def ran_out_of_time(error: BaseException | None) -> bool:
    """Whether the task's soft time limit is at the bottom of this: a driver that is interrupted says something else."""
    while error is not None:
        if isinstance(error, SoftTimeLimitExceeded):
            return True
        error = error.__cause__ or error.__context__
    return False
