"""Makes kept events true: a set at a time, in one transaction with the mark that they are done."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import Connection, Engine

from clerk import events as reading
from clerk.events import Changed, Gone, Ignored, Unreadable
from clerk.user import Deletion, Snapshot
from config.role import Role
from db import audit, events, faults, roles, users
from db.events import Claimed
from worker import failures, fold
from worker.fold import Decision, State

log = structlog.get_logger()

Done = TypeVar("Done")

TRIES = 8
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


@dataclass(slots=True)
class _Understood:
    """A claimed set, read."""

    states: list[tuple[State, str]] = field(default_factory=list)
    """What was said of users, each with the svix id that said it."""
    put_aside: list[tuple[str, str, str]] = field(default_factory=list)
    """Svix id, status and reason of events that change nothing."""


def apply(engine: Engine, svix_ids: Sequence[str], default_role: Role) -> Applied:
    """Apply the events among these that wait and that nobody else is applying.

    An event that fails is found by halving the set; it is postponed or parked, and the others are applied. Raises the
    database's error if the database itself is away: then nothing was the events' fault, and the sweep comes again.
    """
    try:
        return _apply_together(engine, svix_ids, default_role)
    except Exception as error:
        if faults.is_away(error) or isinstance(error, SoftTimeLimitExceeded):
            raise
        if len(svix_ids) == 1:
            failures.note(engine, svix_ids[0], error)
            return Applied(failed=1)
        log.info("set.split", events=len(svix_ids), error=type(error).__name__)
    middle = len(svix_ids) // 2
    left = apply(engine, svix_ids[:middle], default_role)
    right = apply(engine, svix_ids[middle:], default_role)
    return Applied(*(getattr(left, name) + getattr(right, name) for name in Applied.__slots__))


def apply_snapshot(engine: Engine, snapshot: Snapshot, cause: str, default_role: Role) -> None:
    """Make true what Clerk answered when it was asked about a user, exactly as if an event had brought it.

    `cause` is the id of the request that asked. A tombstone stays one. Raises the database's error if it is away.
    """
    said: list[tuple[State, str]] = [(snapshot, cause)]
    _together(engine, lambda connection, email_keys: write(connection, said, default_role, email_keys))


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
    understood = _understand(claimed)
    for svix_id, status, why in understood.put_aside:
        events.mark(connection, svix_id, status, why)
    write(connection, understood.states, default_role, email_keys)
    put_aside = {svix_id for svix_id, _, _ in understood.put_aside}
    done = [event.svix_id for event in claimed if event.svix_id not in put_aside]
    events.mark_applied(connection, done)
    parked = sum(status == "parked" for _, status, _ in understood.put_aside)
    return Applied(applied=len(done), parked=parked, ignored=len(put_aside) - parked)


def _understand(claimed: Sequence[Claimed]) -> _Understood:
    understood = _Understood()
    for event in claimed:
        match reading.read(event.body).meaning:
            case Changed(snapshot):
                understood.states.append((snapshot, event.svix_id))
            case Gone(clerk_id):
                understood.states.append((Deletion(clerk_id=clerk_id, at=event.occurred_at), event.svix_id))
            case Ignored(why):
                understood.put_aside.append((event.svix_id, "ignored", why))
            case Unreadable(why):
                understood.put_aside.append((event.svix_id, "parked", why))
    return understood


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
