"""Decides what to do about recorded differences that a person wants to be repaired. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clerk.user import Deletion, Snapshot
from db.drift import Drift
from db.users import StoredUser
from reconcile import differences
from reconcile.differences import REPLICA_LAG, Class
from sync import fold
from sync.fold import State

FINAL = "The user is recorded as deleted and stays so: a deletion is final."
NEEDS_FORCE = "What is stored wins over Clerk's answer. Repeat it with force to let Clerk's contents win."
MAY_LAG = (
    "The stored version is less than ten minutes old, and Clerk's answers may be that old. Nothing was changed; repeat"
    " it in ten minutes."
)


@dataclass(frozen=True, slots=True)
class SkippedDrift:
    """A difference that was not repaired and is unchanged."""

    id: int
    clerk_id: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about the differences of one set."""

    resolved: list[Drift] = field(default_factory=list)
    plain: list[tuple[Drift, Snapshot]] = field(default_factory=list)
    """To be applied like a webhook."""
    forced: list[tuple[Drift, Snapshot]] = field(default_factory=list)
    """To be applied although what is stored wins."""
    left: list[SkippedDrift] = field(default_factory=list)
    states: dict[str, State | None] = field(default_factory=dict)
    """What was stored when the plan was made, by Clerk id."""


def plan(
    answers: Sequence[tuple[Drift, Snapshot]], stored: Mapping[str, StoredUser], now: datetime, *, force: bool
) -> Plan:
    """The plan for open differences with Clerk's answers; `stored` has the known users by Clerk id."""
    made = Plan()
    for each, snapshot in answers:
        user = stored.get(each.clerk_id)
        made.states[each.clerk_id] = user.state if user else None
        found = differences.compare(snapshot, user, now)
        if found is None or found.kind is Class.TOUCHED:
            made.resolved.append(each)
        elif found.would_change and _suffices(made.states[each.clerk_id], snapshot):
            made.plain.append((each, snapshot))
        elif why := _refusal(user, found.kind, now, force=force):
            made.left.append(SkippedDrift(each.id, each.clerk_id, why))
        else:
            made.forced.append((each, snapshot))
    return made


def _suffices(state: State | None, snapshot: Snapshot) -> bool:
    """Whether applying a snapshot as a webhook would make the user as the snapshot says."""
    return state is None or fold.later(state, snapshot) == fold.forced(state, snapshot)


def _refusal(user: StoredUser | None, kind: Class, now: datetime, *, force: bool) -> str | None:
    """Why what is stored of a user stays although it differs; None if Clerk's contents are forced."""
    if user is None or isinstance(user.state, Deletion):
        return FINAL
    if not force:
        return NEEDS_FORCE
    return MAY_LAG if kind is Class.AHEAD and now - user.state.version < REPLICA_LAG else None
