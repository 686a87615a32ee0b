"""Makes kept events true: a set at a time, in one transaction with the mark that they are done."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from clerk.user import CLOCK_TOLERANCE, Implausible, Snapshot
from config.role import Role
from db import clock, events, faults
from sync import bisect, failures, persist
from sync.fold import State
from sync.interpret import interpret
from sync.persist import WriteRules
from sync.transaction import retry

log = structlog.get_logger()

NOT_WAITING = replace(persist.FROM_CLERK, waits=False)


@dataclass(slots=True)
class Applied:
    """What one call did, for the log."""

    applied: int = 0
    parked: int = 0
    ignored: int = 0
    failed: int = 0
    lags: list[float] = field(default_factory=list, compare=False)
    """Seconds for which each applied event had been kept."""

    @property
    def figures(self) -> dict[str, int]:
        """How many of each, without the rest."""
        return {"applied": self.applied, "parked": self.parked, "ignored": self.ignored, "failed": self.failed}


def apply(
    engine: Engine, svix_ids: Sequence[str], default_role: Role, seconds: float = bisect.LONGEST_SECONDS
) -> Applied:
    """Apply the events among these that wait and that nobody else is applying.

    An event that fails is found by halving the set; it is postponed or parked, and the others are applied. What is said
    of users whom somebody holds locked for long is left to the sweep. Raises what is not the events' fault (the
    database is away, time ran out, halving took longer than `seconds`): nothing is counted then, and the sweep comes
    again.
    """
    return _apply(engine, svix_ids, default_role, time.monotonic() + seconds)


def _apply(engine: Engine, svix_ids: Sequence[str], default_role: Role, deadline: float) -> Applied:
    def alone(svix_id: str, error: Exception) -> Applied:
        failures.note(engine, svix_id, error)
        return Applied(failed=1)

    parts = bisect.run(svix_ids, lambda part: _apply_at_once(engine, part, default_role), alone, deadline)
    return reduce(_sum, parts)


def _sum(one: Applied, other: Applied) -> Applied:
    return Applied(*(getattr(one, name) + getattr(other, name) for name in Applied.__slots__))


def apply_begun(engine: Engine, svix_id: str, default_role: Role) -> Applied:
    """Apply one event whose attempt was counted before it began, and uncount the attempt in the same transaction.

    Raises whatever keeps the event from being applied.
    """
    return _apply_at_once(engine, [svix_id], default_role, begun=True)


def apply_snapshot(engine: Engine, snapshot: Snapshot, cause: str, default_role: Role) -> None:
    """Make true what Clerk answered when it was asked about a user, exactly as if an event had brought it.

    `cause` is the id of the request that asked. A tombstone stays one. Raises Implausible if the version lies in the
    future, and the database's error if it is away.
    """

    def write(connection: Connection, email_keys: set[str]) -> None:
        if snapshot.version > clock.now(connection) + CLOCK_TOLERANCE:
            raise Implausible(Implausible.__doc__)
        said: list[tuple[State, str]] = [(snapshot, cause)]
        persist.write(connection, said, default_role, email_keys)

    retry(engine.begin, write)


def _apply_at_once(engine: Engine, svix_ids: Sequence[str], default_role: Role, *, begun: bool = False) -> Applied:
    def in_one(connection: Connection, rules: WriteRules, email_keys: set[str]) -> Applied:
        if begun:
            events.unpark(connection, svix_ids[0])
        return _apply_in(connection, svix_ids, default_role, rules, email_keys)

    def once(rules: WriteRules) -> Applied:
        return retry(engine.begin, lambda connection, keys: in_one(connection, rules, keys))

    try:
        return once(persist.FROM_CLERK)
    except DBAPIError as error:
        if not faults.is_lock(error):
            raise
        log.warning("users.locked", events=len(svix_ids), next_step="look in pg_locks for who holds a lock so long")
        return once(NOT_WAITING)


def _apply_in(
    connection: Connection, svix_ids: Sequence[str], default_role: Role, rules: WriteRules, email_keys: set[str]
) -> Applied:
    claimed = events.claim(connection, svix_ids)
    if not claimed:
        return Applied()
    interpreted = interpret(connection, claimed)
    for svix_id, status, why in interpreted.without_effect:
        events.mark(connection, svix_id, status, why)
    left = persist.write(connection, interpreted.states, default_role, email_keys, rules)
    marked = {svix_id for svix_id, _, _ in interpreted.without_effect}
    done = [event.svix_id for event in claimed if event.svix_id not in marked | left]
    lags = events.mark_applied(connection, done)
    parked = sum(status == "parked" for _, status, _ in interpreted.without_effect)
    return Applied(applied=len(done), parked=parked, ignored=len(marked) - parked, lags=lags)
