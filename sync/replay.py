"""Replays stored events of any status at a person's request, one set in one transaction."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from akako_guard.database import faults
from akako_guard.role import Role
from config import logs
from db import clerk_instance, event_actions, permission
from db.audit import Author
from db.event_actions import LockedEvent
from db.event_filter import EventStatus
from db.events import Claimed
from sync import bisect, persist
from sync.deletion_holds import WHY_HELD
from sync.deletion_limits import DEFAULT_LIMITS, Limit
from sync.interpret import Interpreted, interpret
from sync.persist import WriteRules
from sync.transaction import Begin, retry

SET = 200
"""Events in one transaction."""

UNKNOWN = "No event with this svix id is stored."
WITHOUT_BODY = "Its body was erased because of its age, so it cannot be applied. Compare the user with Clerk instead."
DISCARDED = "It was discarded; the audit trail has the reason. Select the status discarded to replay it."
HELD = "Its deletion is held. Decide with `akako deletions release` or `akako deletions reject`."
USER_LOCKED = "Another transaction is changing its user. Replay it again in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """How to replay: the author with the reason, and the options."""

    author: Author
    default_role: Role
    discarded: bool = False
    """Whether discarded events are replayed too."""
    force: bool = False
    """Whether an event wins although a newer version is known."""
    limit: Limit = DEFAULT_LIMITS.signed
    """Deletions above it are held."""


@dataclass(frozen=True, slots=True)
class SkippedEvent:
    """An event that was not replayed and is unchanged."""

    svix_id: str
    why: str


@dataclass(slots=True)
class ReplayResult:
    """The result of a replay."""

    applied: int = 0
    """Events that are in effect now, whether or not anything had to change."""
    ignored: int = 0
    """Events without effect on users."""
    left: list[SkippedEvent] = field(default_factory=list)

    def add(self, other: "ReplayResult") -> None:
        """Add the result of another part."""
        self.applied += other.applied
        self.ignored += other.ignored
        self.left += other.left


def replay(
    begin: Begin, svix_ids: Sequence[str], order: ReplayRequest, observer: persist.Observer | None = None
) -> ReplayResult:
    """Apply a set of events again. A set that fails is bisected: the failing event is skipped, the others are applied.

    Raises errors that the events did not cause; parts that were committed before stay so, and replaying them again
    changes nothing. Raises NotPermitted as soon as the author may no longer replay; each transaction checks that.
    """
    rules = WriteRules(author=order.author, force=order.force, observer=observer, limit=order.limit)

    def replay_set(part: Sequence[str]) -> ReplayResult:
        return retry(begin, lambda connection, keys: _replay_in(connection, part, order, rules, keys))

    done = ReplayResult()
    for part in bisect.run(svix_ids, replay_set, _failed, time.monotonic() + bisect.LONGEST_SECONDS):
        done.add(part)
    return done


def _failed(svix_id: str, error: Exception) -> ReplayResult:
    if faults.is_lock(error) or faults.is_conflict(error):
        return ReplayResult(left=[SkippedEvent(svix_id, USER_LOCKED)])
    why = ", ".join(f"{name} {value}" for name, value in logs.fault(error).items())
    return ReplayResult(left=[SkippedEvent(svix_id, f"It cannot be applied: {why}.")])


def _replay_in(
    connection: Connection, svix_ids: Sequence[str], order: ReplayRequest, rules: WriteRules, email_keys: set[str]
) -> ReplayResult:
    locked = {each.svix_id: each for each in event_actions.lock(connection, svix_ids)}
    left = [SkippedEvent(svix_id, UNKNOWN) for svix_id in svix_ids if svix_id not in locked]
    left += [SkippedEvent(each.svix_id, why) for each in locked.values() if (why := _refusal(each, order))]
    refused = {each.svix_id for each in left}
    ready = [each for svix_id, each in locked.items() if svix_id not in refused]
    if not ready:
        permission.lock_and_check(connection, order.author.permission)
        return ReplayResult(left=left)
    pin = clerk_instance.read(connection)
    pinned = pin.instance_id if pin else None
    claimed = [Claimed(each.svix_id, each.size or 0, each.occurred_at, 0, None, None, pinned) for each in ready]
    interpreted = interpret(connection, claimed)
    held = persist.write(connection, interpreted.states, order.default_role, email_keys, rules).held
    _set_status(connection, EventStatus.HELD, [each for each in ready if each.svix_id in held], WHY_HELD)
    done = _settle(connection, [each for each in ready if each.svix_id not in held], interpreted)
    done.left[:0] = [*left, *(SkippedEvent(svix_id, WHY_HELD) for svix_id in svix_ids if svix_id in held)]
    return done


def _refusal(event: LockedEvent, order: ReplayRequest) -> str | None:
    if event.status is EventStatus.HELD:
        return HELD
    if event.status is EventStatus.DISCARDED and not order.discarded:
        return DISCARDED
    return WITHOUT_BODY if event.size is None else None


def _settle(connection: Connection, ready: Sequence[LockedEvent], interpreted: Interpreted) -> ReplayResult:
    """Update the status of each event, and record in the audit trail who replayed it."""
    outcomes = {svix_id: (EventStatus(status), why) for svix_id, status, why in interpreted.without_effect}
    applied = [each for each in ready if each.svix_id not in outcomes]
    ignored = [each for each in ready if each.svix_id in outcomes and outcomes[each.svix_id][0] is EventStatus.IGNORED]
    _set_status(connection, EventStatus.APPLIED, applied, None)
    for each in ignored:
        if each.status is not EventStatus.APPLIED:  # an event that was applied before stays applied
            _set_status(connection, EventStatus.IGNORED, [each], outcomes[each.svix_id][1])
    unreadable = [
        each for each in ready if each.svix_id in outcomes and outcomes[each.svix_id][0] is EventStatus.PARKED
    ]
    pending = [each for each in unreadable if each.status is EventStatus.RECEIVED]
    for each in pending:
        _set_status(connection, EventStatus.PARKED, [each], outcomes[each.svix_id][1])
    unrecorded = (
        _without_own_line(applied, EventStatus.APPLIED)
        + _without_own_line(ignored, EventStatus.IGNORED)
        + _without_own_line(pending, EventStatus.PARKED)
    )
    if unrecorded:
        event_actions.note_replayed(connection, unrecorded)
    left = [SkippedEvent(each.svix_id, outcomes[each.svix_id][1]) for each in unreadable]
    return ReplayResult(applied=len(applied), ignored=len(ignored), left=left)


def _set_status(connection: Connection, status: EventStatus, events: Collection[LockedEvent], why: str | None) -> None:
    other = [each.svix_id for each in events if each.status is not status]
    if other:
        event_actions.set_status(connection, other, status, why)


def _without_own_line(events: Collection[LockedEvent], status: EventStatus) -> list[str]:
    """Events whose status change writes no audit line; it writes one only if the event was settled otherwise before."""
    return [each.svix_id for each in events if each.status in (status, EventStatus.RECEIVED, EventStatus.APPLIED)]
