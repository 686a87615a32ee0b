"""Applies stored events, one set in one transaction, which also updates their status."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.database import faults
from akako_guard.role import Role
from clerk.user import CLOCK_TOLERANCE, Deletion, Implausible, Snapshot
from db import clock, events
from db.audit import Author
from db.deletion_holds import HoldKind
from sync import bisect, claims_drift, failures, persist
from sync.deletion_holds import WHY_HELD
from sync.deletion_limits import DEFAULT_LIMITS, Limit
from sync.fold import State
from sync.interpret import interpret
from sync.persist import WriteRules
from sync.transaction import Begin, retry

log = structlog.get_logger()

RECONCILE = Author(actor="reconcile")


@dataclass(slots=True)
class Applied:
    """The result of one call, for logs and metrics."""

    applied: int = 0
    parked: int = 0
    ignored: int = 0
    failed: int = 0
    held: int = 0
    """Deletions above the limit, which wait for a person."""
    lags: list[float] = field(default_factory=list, compare=False)
    """Seconds from receipt to application of each applied event."""

    @property
    def counts(self) -> dict[str, int]:
        """The number of events by outcome."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "lags"}


@dataclass(frozen=True, slots=True)
class AppliedAbsences:
    """What became of deletions that reconciling inferred; Clerk ids."""

    applied: frozenset[str]
    """Users that are deleted now, some perhaps before."""
    held: frozenset[str]
    """Users whose deletion waits for a person."""


def apply(
    engine: Engine,
    svix_ids: Sequence[str],
    default_role: Role,
    seconds: float = bisect.LONGEST_SECONDS,
    limit: Limit = DEFAULT_LIMITS.signed,
) -> Applied:
    """Apply the pending events among these, except those that another transaction has locked.

    Deletions above the limit are held. A set that fails is bisected: the failing event is postponed or parked, and the
    others are applied. Events of users that stay locked are left to the sweep. Raises errors that the events did not
    cause (the database is unavailable, the time limit is reached, bisecting took longer than `seconds`); no attempt is
    counted then, and the sweep enqueues the events again.
    """
    rules = replace(persist.FROM_CLERK, limit=limit)
    return _apply(engine, svix_ids, default_role, time.monotonic() + seconds, rules)


def _apply(
    engine: Engine,
    svix_ids: Sequence[str],
    default_role: Role,
    deadline: float,
    rules: WriteRules = persist.FROM_CLERK,
) -> Applied:
    def on_failure(svix_id: str, error: Exception) -> Applied:
        failures.note(engine, svix_id, error)
        return Applied(failed=1)

    parts = bisect.run(svix_ids, lambda part: _apply_set(engine, part, default_role, rules), on_failure, deadline)
    return reduce(_sum, parts)


def _sum(one: Applied, other: Applied) -> Applied:
    return Applied(*(getattr(one, name) + getattr(other, name) for name in Applied.__slots__))


def apply_redelivered(
    engine: Engine, svix_id: str, default_role: Role, limit: Limit = DEFAULT_LIMITS.signed
) -> Applied:
    """Apply the single event of a redelivered message. Its attempt is counted before, and uncounted when it is applied.

    A redelivery alone does not count as a failure, since a client with write access to Redis can forge one: only an
    attempt that the event's row records as begun, and that never ended, counts. Raises errors that the event did not
    cause.
    """
    if not failures.begin(engine, svix_id, bisect.WorkerLost()):
        return Applied()
    try:
        return _apply_set(engine, [svix_id], default_role, replace(persist.FROM_CLERK, limit=limit), begun=True)
    except Exception as error:
        if bisect.ran_out_of_time(error) or faults.is_unavailable(error) or faults.is_lock(error):
            raise
        failures.note(engine, svix_id, error, begun=True)
        return Applied(failed=1)


def apply_snapshot(engine: Engine, snapshot: Snapshot, cause: str, default_role: Role) -> None:
    """Apply a snapshot from Clerk's Backend API, exactly as if an event had delivered it.

    `cause` is the id of the request that fetched it. A deleted user stays deleted. Raises Implausible if the version is
    in the future, and the database's error if it is unavailable.
    """
    _write(engine.begin, [(snapshot, cause)], default_role, persist.FROM_CLERK)


def apply_snapshots(
    engine: Engine,
    snapshots: Sequence[tuple[Snapshot, str]],
    default_role: Role,
    seconds: float,
    rules: WriteRules = persist.FROM_CLERK,
) -> dict[str, Exception]:
    """Apply snapshots of different users, each with its cause; returns the error of each user who was not applied.

    A set that fails is bisected. Raises errors that the snapshots did not cause, also if bisecting takes longer than
    `seconds`; applying all of them again is safe.
    """
    return apply_snapshots_in(engine.begin, snapshots, default_role, seconds, rules)


def apply_snapshots_in(
    begin: Begin,
    snapshots: Sequence[tuple[Snapshot, str]],
    default_role: Role,
    seconds: float,
    rules: WriteRules,
    written: persist.Observer | None = None,
) -> dict[str, Exception]:
    """The same in transactions that `begin` begins; `written` is called in each after its users were written."""
    by_id = {snapshot.clerk_id: (snapshot, cause) for snapshot, cause in snapshots}

    def write(clerk_ids: Sequence[str]) -> dict[str, Exception]:
        _write(begin, [by_id[clerk_id] for clerk_id in clerk_ids], default_role, rules, written)
        return {}

    def on_failure(clerk_id: str, error: Exception) -> dict[str, Exception]:
        return {clerk_id: error}

    parts = bisect.run(list(by_id), write, on_failure, time.monotonic() + seconds)
    return {clerk_id: error for part in parts for clerk_id, error in part.items()}


def apply_absences(
    engine: Engine,
    deletions: Sequence[Deletion],
    cause: str,
    limit: Limit = DEFAULT_LIMITS.inferred,
    written: Callable[[Connection, AppliedAbsences], None] | None = None,
) -> AppliedAbsences:
    """Apply deletions that reconciling inferred, one per user, in one transaction; those above the limit are held.

    `cause` names what inferred them, for the audit trail. A person decides about held ones: calling this again changes
    nothing about them. `written` is called in the same transaction. Raises the database's errors; nothing is changed
    then.
    """
    rules = persist.WriteRules(author=RECONCILE, kind=HoldKind.INFERRED, limit=limit)
    states: list[tuple[State, str]] = [(deletion, cause) for deletion in deletions]

    def write(connection: Connection, email_keys: set[str]) -> AppliedAbsences:
        # No user is added except as deleted, so the role is not used.
        held = persist.write(connection, states, Role.LEARNER, email_keys, rules).held_users
        done = AppliedAbsences(frozenset(each.clerk_id for each in deletions) - held, held)
        if written:
            written(connection, done)
        return done

    return retry(engine.begin, write)


def _write(
    begin: Begin,
    snapshots: Sequence[tuple[Snapshot, str]],
    default_role: Role,
    rules: WriteRules,
    written: persist.Observer | None = None,
) -> None:
    def write(connection: Connection, email_keys: set[str]) -> None:
        if max(snapshot.version for snapshot, _ in snapshots) > clock.now(connection) + CLOCK_TOLERANCE:
            raise Implausible(Implausible.__doc__)
        persist.write(connection, snapshots, default_role, email_keys, rules)
        if written:
            written(connection, [snapshot.clerk_id for snapshot, _ in snapshots])

    retry(begin, write)


def _apply_set(
    engine: Engine, svix_ids: Sequence[str], default_role: Role, rules: WriteRules, *, begun: bool = False
) -> Applied:
    def work(connection: Connection, rules: WriteRules, email_keys: set[str]) -> Applied:
        if begun:
            events.uncount_attempt(connection, svix_ids[0])
        return _apply_in(connection, svix_ids, default_role, rules, email_keys)

    def run(rules: WriteRules) -> Applied:
        return retry(engine.begin, lambda connection, keys: work(connection, rules, keys))

    try:
        applied = run(rules)
    except DBAPIError as error:
        if not faults.is_lock(error):
            raise
        log.warning(
            "users.locked", events=len(svix_ids), next_step="look in pg_locks for the transaction that holds it"
        )
        applied = run(replace(rules, wait=False))
    if applied.held:
        log.warning("deletions.held", events=applied.held, next_step="run `akako deletions list`, and decide")
    return applied


def _apply_in(
    connection: Connection, svix_ids: Sequence[str], default_role: Role, rules: WriteRules, email_keys: set[str]
) -> Applied:
    claimed = events.claim(connection, svix_ids)
    if not claimed:
        return Applied()
    interpreted = interpret(connection, claimed)
    for svix_id, status, why in interpreted.without_effect:
        events.mark(connection, svix_id, status, why)
    written = persist.write(connection, interpreted.states, default_role, email_keys, rules)
    claims_drift.note(connection, [state for state, _ in interpreted.states if isinstance(state, Snapshot)])
    if written.held:
        events.mark_held(connection, written.held, WHY_HELD)
    marked = {svix_id for svix_id, _, _ in interpreted.without_effect}
    done = [event.svix_id for event in claimed if event.svix_id not in marked | written.skipped | written.held]
    lags = events.mark_applied(connection, done)
    parked = sum(status == "parked" for _, status, _ in interpreted.without_effect)
    return Applied(applied=len(done), parked=parked, ignored=len(marked) - parked, held=len(written.held), lags=lags)
