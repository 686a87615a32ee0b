"""Compares users with Clerk, records the differences, and repairs those that a lost webhook explains."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, Engine

from akako_guard.role import Role
from clerk.user import Snapshot
from config import logs
from db import clock, drift, events, users
from db.drift import Finding
from reconcile import differences, metrics
from reconcile.differences import RECORDED, Action, Class, Difference
from sync import apply, claims_drift
from sync.persist import WriteRules

log = structlog.get_logger()

RULES = WriteRules(author=apply.RECONCILE)
SET = 200
"""Users in one transaction."""
SET_SECONDS = 10.0
CHECK_SECONDS = {Class.AHEAD: 600.0, Class.DIFFERS: 3_600.0, Class.RETURNED: 3_600.0}
"""After what time a difference that was not repaired is checked again."""
AGAIN_SECONDS = 60.0


@dataclass(slots=True)
class Compared:
    """The result of comparing users."""

    users: int = 0
    differences: Counter[Class] = field(default_factory=Counter)
    repaired: Counter[Class] = field(default_factory=Counter)
    failed: int = 0
    """Users that could not be applied."""
    row_ids: list[int] = field(default_factory=list)
    """Row ids of the users that are stored."""
    same: list[str] = field(default_factory=list)
    """Clerk ids of the users without a recorded difference."""

    @property
    def waiting(self) -> int:
        """Users whose webhook or event is still on its way."""
        return self.differences[Class.LATE] + self.differences[Class.UNAPPLIED]


def compare(engine: Engine, snapshots: Sequence[Snapshot], default_role: Role, walk_id: int | None = None) -> Compared:
    """Compare users with what is stored; record the differences and repair what is to be repaired."""
    with engine.begin() as connection:
        claims_drift.note(connection, snapshots)
        found, row_ids = _differences(connection, snapshots)
        recorded = [each for each in found if each.kind in RECORDED]
        ids = _record(connection, recorded, walk_id)
    differing = {each.clerk_id for each in recorded}
    done = Compared(
        users=len(snapshots),
        differences=Counter(each.kind for each in found),
        row_ids=row_ids,
        same=[snapshot.clerk_id for snapshot in snapshots if snapshot.clerk_id not in differing],
    )
    _count(done)
    to_repair = {each.clerk_id: each for each in recorded if each.action is Action.REPAIR}
    wanted = [snapshot for snapshot in snapshots if snapshot.clerk_id in to_repair]
    for start in range(0, len(wanted), SET):
        _repair(engine, wanted[start : start + SET], to_repair, ids, default_role, done)
    return done


def _differences(connection: Connection, snapshots: Sequence[Snapshot]) -> tuple[list[Difference], list[int]]:
    stored = users.stored(connection, [snapshot.clerk_id for snapshot in snapshots])
    now = clock.now(connection)
    compared = (differences.compare(each, stored.get(each.clerk_id), now) for each in snapshots)
    found = [each for each in compared if each is not None]
    suspects = [each.clerk_id for each in found if each.kind in differences.REPAIRABLE]
    pending = events.users_with_pending(connection, suspects) if suspects else set()
    return [differences.awaiting(each, pending) for each in found], [user.id for user in stored.values()]


def _record(connection: Connection, recorded: Sequence[Difference], walk_id: int | None) -> dict[str, int]:
    """Record differences; returns their ids by Clerk id."""
    ids: dict[str, int] = {}
    for kind in {each.kind for each in recorded}:
        findings = [
            Finding(
                clerk_id=each.clerk_id,
                kind=each.kind,
                fields=each.fields,
                our_version=each.our_version,
                clerk_version=each.clerk_version,
            )
            for each in recorded
            if each.kind is kind
        ]
        ids |= drift.record(connection, findings, walk_id, CHECK_SECONDS.get(kind, AGAIN_SECONDS))
    return ids


def _count(done: Compared) -> None:
    metrics.COMPARED.inc(done.users)
    for kind, count in done.differences.items():
        metrics.DIFFERENCES.labels(kind).inc(count)


def _repair(
    engine: Engine,
    snapshots: Sequence[Snapshot],
    found: dict[str, Difference],
    ids: dict[str, int],
    default_role: Role,
    done: Compared,
) -> None:
    def end(connection: Connection, clerk_ids: Collection[str]) -> None:
        drift.end(connection, [ids[clerk_id] for clerk_id in clerk_ids], "repaired")

    causes = [(snapshot, cause(ids[snapshot.clerk_id])) for snapshot in snapshots]
    errors = apply.apply_snapshots_in(engine.begin, causes, default_role, SET_SECONDS, RULES, end)
    for clerk_id, error in errors.items():
        step = "see docs/how-to/find-drift.md; it is tried again"
        log.warning("user.not_repaired", clerk_id=clerk_id, next_step=step, **logs.fault(error))
    repaired = [snapshot.clerk_id for snapshot in snapshots if snapshot.clerk_id not in errors]
    with engine.begin() as connection:
        added = [clerk_id for clerk_id in repaired if found[clerk_id].kind is Class.MISSED_CREATION]
        done.row_ids += [user.id for user in users.stored(connection, added).values()] if added else []
    for clerk_id in repaired:
        kind = found[clerk_id].kind
        metrics.REPAIRED.labels(kind).inc()
        log.warning(
            "user.repaired", clerk_id=clerk_id, drift=ids[clerk_id], kind=kind.value,
            next_step="find out why its webhook did not arrive: docs/how-to/runbook.md#webhooks-are-missing",
        )  # fmt: skip
    done.repaired.update(found[clerk_id].kind for clerk_id in repaired)
    done.failed += len(errors)


def cause(drift_id: int) -> str:
    """The `cause` of the audit lines that the repair of a difference writes."""
    return f"drift_{drift_id}"
