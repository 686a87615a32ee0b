"""Compares what Clerk says of a user with what is stored, and names the difference. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

from clerk.user import CLOCK_TOLERANCE, NEVER, Deletion, Snapshot
from db.users import StoredUser
from sync import fold

IN_FLIGHT = timedelta(minutes=2)
"""How old a version at Clerk must be before its webhook counts as missing."""
REPLICA_LAG = timedelta(minutes=10)
"""How long a deleted user may still appear in Clerk's answers, which come from read replicas."""
_UNCOMPARED = ("clerk_id", "version", "banned_as_of")
_COMPARED = tuple(field.name for field in fields(Snapshot) if field.compare and field.name not in _UNCOMPARED)


class Class(StrEnum):
    """The kinds of difference between Clerk and the database."""

    TOUCHED = "touched"
    """Only the version is newer at Clerk, as after each sign-in."""
    LATE = "late"
    """Changed so recently that the webhook may still be on its way."""
    UNAPPLIED = "unapplied"
    """An event about the user is stored and not yet applied."""
    MISSED_CREATION = "missed_creation"
    """Clerk has the user, and no webhook told of it."""
    MISSED_UPDATE = "missed_update"
    """Clerk has a newer version of the user, and no webhook told of it."""
    DIFFERS = "differs"
    """The same version has other contents."""
    AHEAD = "ahead"
    """The stored version is newer than Clerk's."""
    ABSENT = "absent"
    """The user is not at Clerk, and no webhook told of the deletion."""
    RETURNED = "returned"
    """Clerk has a user that is recorded as deleted."""


class Action(StrEnum):
    """What is done about a difference."""

    NOTHING = "nothing"
    WAIT = "wait"
    REPAIR = "repair"
    HOLD = "hold"
    """Wait until Clerk has said twice that the user is gone; many deletions wait for a person."""
    ALARM = "alarm"


ACTIONS = {
    Class.TOUCHED: Action.NOTHING,
    Class.LATE: Action.WAIT,
    Class.UNAPPLIED: Action.WAIT,
    Class.MISSED_CREATION: Action.REPAIR,
    Class.MISSED_UPDATE: Action.REPAIR,
    Class.DIFFERS: Action.ALARM,
    Class.AHEAD: Action.WAIT,
    Class.ABSENT: Action.HOLD,
    Class.RETURNED: Action.ALARM,
}
RECORDED = frozenset(
    {Class.MISSED_CREATION, Class.MISSED_UPDATE, Class.DIFFERS, Class.AHEAD, Class.ABSENT, Class.RETURNED}
)
"""The classes that are recorded in the table `drift`; the others end by themselves."""
REPAIRABLE = frozenset({Class.MISSED_CREATION, Class.MISSED_UPDATE, Class.DIFFERS})
"""The classes that a webhook on its way, or an event that is not yet applied, may explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One user who is not stored as Clerk says."""

    clerk_id: str
    kind: Class
    fields: tuple[str, ...] = ()
    """Names of the columns that a repair would change; all of a user who is not stored."""
    our_version: datetime | None = None
    clerk_version: datetime | None = None
    would_change: bool = True
    """Whether applying Clerk's snapshot changes what is stored."""

    @property
    def action(self) -> Action:
        """What is done about it."""
        if self.kind is Class.DIFFERS and self.would_change:
            return Action.REPAIR
        return ACTIONS[self.kind]


def compare(snapshot: Snapshot, stored: StoredUser | None, now: datetime) -> Difference | None:
    """The difference between Clerk's snapshot of a user and the stored one; None if there is none.

    `now` is the database's time.
    """
    state = stored.state if stored else None
    if snapshot == state:  # most users of a walk; the comparison below takes several times as long
        return None
    if isinstance(state, Deletion):
        return _of_a_deleted(snapshot, state, now)
    changed = _changed_fields(state, fold.later(state, snapshot) if state else snapshot)
    kind = _kind(snapshot, state, changed)
    if kind is None:
        return None
    if kind in REPAIRABLE and _is_recent(snapshot.version, now, IN_FLIGHT):
        kind = Class.LATE
    return Difference(
        clerk_id=snapshot.clerk_id,
        kind=kind,
        fields=changed or _other_fields(state, snapshot),
        our_version=state.version if state else None,
        clerk_version=snapshot.version,
        would_change=bool(changed),
    )


def awaiting(difference: Difference, pending: Collection[str]) -> Difference:
    """The difference, given the users with an event that is stored and not yet applied."""
    waits = difference.kind in REPAIRABLE and difference.clerk_id in pending
    return replace(difference, kind=Class.UNAPPLIED) if waits else difference


def _of_a_deleted(snapshot: Snapshot, deletion: Deletion, now: datetime) -> Difference:
    recent = _is_recent(max(deletion.at, snapshot.version), now, REPLICA_LAG)
    kind = Class.LATE if recent else Class.RETURNED
    return Difference(clerk_id=snapshot.clerk_id, kind=kind, clerk_version=snapshot.version, would_change=False)


def _is_recent(moment: datetime, now: datetime, most: timedelta) -> bool:
    """Whether a time is less than `most` ago. One in the future is not: it would stay recent, and hide a difference."""
    return -CLOCK_TOLERANCE <= now - moment < most


def _kind(snapshot: Snapshot, state: Snapshot | None, changed: tuple[str, ...]) -> Class | None:
    if state is None:
        return Class.MISSED_CREATION
    if snapshot.version > state.version:
        return Class.MISSED_UPDATE if changed else Class.TOUCHED
    if snapshot.version < state.version:
        return Class.AHEAD
    return Class.DIFFERS if changed or _other_fields(state, snapshot) else None


def _changed_fields(before: Snapshot | None, after: fold.State) -> tuple[str, ...]:
    if not isinstance(before, Snapshot):
        return _COMPARED
    return tuple(name for name in _COMPARED if getattr(before, name) != getattr(after, name))


def _other_fields(state: Snapshot | None, snapshot: Snapshot) -> tuple[str, ...]:
    """The fields in which the snapshot differs; one that does not state a ban does not differ in it."""
    different = _changed_fields(state, snapshot)
    return tuple(name for name in different if name != "banned") if snapshot.banned_as_of == NEVER else different
