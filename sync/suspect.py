"""A set whose worker was lost, or ran out of time, over it: it comes apart until the culprit stands alone."""

from collections.abc import Sequence

from sqlalchemy import Engine

from config.role import Role
from db import faults
from sync import apply, bisect, failures
from sync.apply import Applied
from sync.enqueue import Queue


class WorkerLost(Exception):
    """The worker ended, or ran out of time, while it applied this event alone."""


def part(engine: Engine, queue: Queue, svix_ids: Sequence[str]) -> None:
    """Send the halves of a set by themselves; count a failed attempt against an event that was alone already."""
    if len(svix_ids) == 1:
        failures.note(engine, svix_ids[0], WorkerLost())
        return
    for half in bisect.halves(svix_ids):
        queue.put(half)


def redelivered(engine: Engine, queue: Queue, svix_ids: Sequence[str], default_role: Role) -> Applied:
    """Send the halves of a redelivered set by themselves; apply an event that is alone, its attempt counted before.

    A redelivery proves nothing, since whoever can write to Redis can forge one: only an attempt that our own row says
    has begun, and that never ended, counts against an event.
    """
    if len(svix_ids) == 1:
        return _alone(engine, svix_ids[0], default_role)
    for half in bisect.halves(svix_ids):
        queue.put(half)
    return Applied()


def _alone(engine: Engine, svix_id: str, default_role: Role) -> Applied:
    if not failures.begin(engine, svix_id, WorkerLost()):
        return Applied()
    try:
        return apply.apply_begun(engine, svix_id, default_role)
    except Exception as error:
        if bisect.ran_out_of_time(error) or faults.is_unavailable(error) or faults.is_lock(error):
            raise
        failures.note(engine, svix_id, error, begun=True)
        return Applied(failed=1)
