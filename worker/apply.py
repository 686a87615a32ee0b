"""Makes kept events true: a set at a time, in one transaction with the mark that they are done."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine

from clerk.user import Snapshot
from config import logs
from config.role import Role
from db import events, faults
from worker import failures, truth
from worker.attempt import together
from worker.fold import State
from worker.understanding import understand

log = structlog.get_logger()

LONGEST_HALVING_SECONDS = 20.0
"""Halving ends then, well before the task's own limit; what is left was nobody's fault and is nudged again."""


@dataclass(slots=True)
class Applied:
    """What one call did, for the log."""

    applied: int = 0
    parked: int = 0
    ignored: int = 0
    failed: int = 0


def apply(engine: Engine, svix_ids: Sequence[str], default_role: Role) -> Applied:
    """Apply the events among these that wait and that nobody else is applying.

    An event that fails is found by halving the set; it is postponed or parked, and the others are applied. Raises what
    is not the events' fault (the database is away, time ran out): nothing is counted then, and the sweep comes again.
    """
    return _apply(engine, svix_ids, default_role, time.monotonic() + LONGEST_HALVING_SECONDS)


def _apply(engine: Engine, svix_ids: Sequence[str], default_role: Role, deadline: float) -> Applied:
    try:
        return _apply_at_once(engine, svix_ids, default_role)
    except Exception as error:
        if ran_out_of_time(error) or faults.is_away(error) or time.monotonic() > deadline:
            raise
        if len(svix_ids) == 1:
            failures.note(engine, svix_ids[0], error)
            return Applied(failed=1)
        log.info("set.split", events=len(svix_ids), **logs.fault(error))
    left, right = (_apply(engine, half, default_role, deadline) for half in halves(svix_ids))
    return Applied(*(getattr(left, name) + getattr(right, name) for name in Applied.__slots__))


def apply_snapshot(engine: Engine, snapshot: Snapshot, cause: str, default_role: Role) -> None:
    """Make true what Clerk answered when it was asked about a user, exactly as if an event had brought it.

    `cause` is the id of the request that asked. A tombstone stays one. Raises the database's error if it is away.
    """
    said: list[tuple[State, str]] = [(snapshot, cause)]
    together(engine, lambda connection, email_keys: truth.write(connection, said, default_role, email_keys))


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


def _apply_at_once(engine: Engine, svix_ids: Sequence[str], default_role: Role) -> Applied:
    return together(engine, lambda connection, email_keys: _apply_in(connection, svix_ids, default_role, email_keys))


def _apply_in(connection: Connection, svix_ids: Sequence[str], default_role: Role, email_keys: set[str]) -> Applied:
    claimed = events.claim(connection, svix_ids)
    if not claimed:
        return Applied()
    understood = understand(connection, claimed)
    for svix_id, status, why in understood.without_effect:
        events.mark(connection, svix_id, status, why)
    truth.write(connection, understood.states, default_role, email_keys)
    marked = {svix_id for svix_id, _, _ in understood.without_effect}
    done = [event.svix_id for event in claimed if event.svix_id not in marked]
    events.mark_applied(connection, done)
    parked = sum(status == "parked" for _, status, _ in understood.without_effect)
    return Applied(applied=len(done), parked=parked, ignored=len(marked) - parked)
