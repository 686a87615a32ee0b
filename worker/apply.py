"""Makes kept events true: a set at a time, in one transaction with the mark that they are done."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine

from clerk import events as reading
from clerk.events import Changed, Gone, Ignored, Unreadable
from clerk.user import Deletion, Snapshot
from config import logs
from config.role import Role
from db import audit, events, faults, roles, users
from db.events import Claimed
from worker import failures, fold
from worker.fold import Decision, State

log = structlog.get_logger()

Done = TypeVar("Done")

TRIES = 8
LONGEST_HALVING_SECONDS = 20.0
"""Halving ends then, well before the task's own limit; what is left was nobody's fault and is nudged again."""
SLICE_BYTES = 4_194_304
"""Of bodies that are held in memory at once."""
DELETED = "The user was deleted in Clerk."


class Raced(Exception):
    """Another transaction added a user, or a claim to an address, that this one had to know of. Do it again."""

    def __init__(self, email_keys: set[str]) -> None:
        super().__init__("raced")
        self.email_keys = email_keys


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


@dataclass(slots=True)
class _Understood:
    """A claimed set, read."""

    states: list[tuple[State, str]] = field(default_factory=list)
    """What was said of users, each with the svix id that said it."""
    without_effect: list[tuple[str, str, str]] = field(default_factory=list)
    """Svix id, status and reason of events that change nothing."""


def apply(engine: Engine, svix_ids: Sequence[str], default_role: Role) -> Applied:
    """Apply the events among these that wait and that nobody else is applying.

    An event that fails is found by halving the set; it is postponed or parked, and the others are applied. Raises what
    is not the events' fault (the database is away, time ran out): nothing is counted then, and the sweep comes again.
    """
    return _apply(engine, svix_ids, default_role, time.monotonic() + LONGEST_HALVING_SECONDS)


def _apply(engine: Engine, svix_ids: Sequence[str], default_role: Role, deadline: float) -> Applied:
    try:
        return _apply_together(engine, svix_ids, default_role)
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
    _together(engine, lambda connection, email_keys: write(connection, said, default_role, email_keys))


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


def _apply_together(engine: Engine, svix_ids: Sequence[str], default_role: Role) -> Applied:
    return _together(engine, lambda connection, email_keys: _apply_in(connection, svix_ids, default_role, email_keys))


def _together(engine: Engine, work: Callable[[Connection, set[str]], Done]) -> Done:
    """One transaction, tried again while others get in its way; it is given the addresses that it has to know of."""
    email_keys: set[str] = set()
    for attempt in range(1, TRIES + 1):
        try:
            with engine.begin() as connection:
                return work(connection, email_keys)
        except Exception as error:
            if isinstance(error, Raced):
                email_keys |= error.email_keys
            elif not faults.is_collision(error):
                raise
            if attempt == TRIES:
                raise
            time.sleep(random.uniform(0, 0.01 * attempt))  # noqa: S311 - only to come apart
    raise AssertionError("unreachable")


def _apply_in(connection: Connection, svix_ids: Sequence[str], default_role: Role, email_keys: set[str]) -> Applied:
    claimed = events.claim(connection, svix_ids)
    if not claimed:
        return Applied()
    understood = _understand(connection, claimed)
    for svix_id, status, why in understood.without_effect:
        events.mark(connection, svix_id, status, why)
    write(connection, understood.states, default_role, email_keys)
    marked = {svix_id for svix_id, _, _ in understood.without_effect}
    done = [event.svix_id for event in claimed if event.svix_id not in marked]
    lags = events.mark_applied(connection, done)
    parked = sum(status == "parked" for _, status, _ in understood.without_effect)
    return Applied(applied=len(done), parked=parked, ignored=len(marked) - parked, lags=lags)


def _understand(connection: Connection, claimed: Sequence[Claimed]) -> _Understood:
    """Read the bodies, a slice at a time: what they say is small, whatever they weigh."""
    understood = _Understood()
    for part in _slices(claimed):
        bodies = events.bodies(connection, [event.svix_id for event in part])
        for event in part:
            _read(understood, event, bodies.pop(event.svix_id))
    return understood


def _slices(claimed: Sequence[Claimed]) -> Iterator[list[Claimed]]:
    part: list[Claimed] = []
    weight = 0
    for event in claimed:
        if part and weight + event.size > SLICE_BYTES:
            yield part
            part, weight = [], 0
        part.append(event)
        weight += event.size
    yield part


def _read(understood: _Understood, event: Claimed, body: bytes) -> None:
    match reading.read(body).meaning:
        case Changed() as changed:
            understood.states.append((changed.snapshot, event.svix_id))
        case Gone(clerk_id):
            understood.states.append((Deletion(clerk_id=clerk_id, at=event.occurred_at), event.svix_id))
        case Ignored(why):
            understood.without_effect.append((event.svix_id, "ignored", why))
        case Unreadable(why):
            understood.without_effect.append((event.svix_id, "parked", why))


def write(
    connection: Connection, said: Sequence[tuple[State, str]], default_role: Role, email_keys: set[str] | None = None
) -> None:
    """Make true what was said of users, each with its cause (a svix id or request id), whatever is already stored.

    Raises Raced if another transaction came in between; roll back then, and do it again.
    """
    incoming = fold.fold(state for state, _ in said)
    claims = {key for state in incoming.values() if (key := fold.claim(state))} | (email_keys or set())
    stored = users.lock(connection, users.concerned(connection, incoming.keys(), claims))
    decision = fold.decide(stored, incoming)
    locked = {user.id for user in stored}
    if decision.contested and users.claimants(connection, decision.contested) - locked:
        raise Raced(decision.contested)
    audit.act_as(connection, "clerk", causes={s.clerk_id: cause for s, cause in said if incoming[s.clerk_id] is s})
    _write(connection, decision, default_role)


def _write(connection: Connection, decision: Decision, default_role: Role) -> None:
    if decision.released:
        users.release_emails(connection, decision.released)
    if decision.changed:
        users.update(connection, decision.changed)
    if decision.departed:
        roles.end_all(connection, decision.departed, DELETED)
    if decision.added:
        _add(connection, decision, default_role)


def _add(connection: Connection, decision: Decision, default_role: Role) -> None:
    added = users.insert(connection, decision.added)
    if len(added) < len(decision.added):
        raise Raced(decision.contested)
    living = [holding.state for holding in decision.added if isinstance(holding.state, Snapshot)]
    if living:
        since = {added[user.clerk_id]: user.created_at or user.version for user in living}
        roles.assign_default(connection, default_role, since)
