"""A set whose worker was lost, or ran out of time, over it: it comes apart until the culprit stands alone."""

from collections.abc import Sequence

from sqlalchemy import Engine

from worker import failures, halving
from worker.enqueue import Queue


class WorkerLost(Exception):
    """The worker ended, or ran out of time, while it applied this event alone."""


def part(engine: Engine, queue: Queue, svix_ids: Sequence[str]) -> None:
    """Send the halves of a set by themselves; count a failed attempt against an event that was alone already."""
    if len(svix_ids) == 1:
        failures.note(engine, svix_ids[0], WorkerLost())
        return
    for half in halving.halves(svix_ids):
        queue.put(half)
