"""Applies kept events again, on purpose, by a person: whatever their status is, a set in one transaction."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from config import logs
from config.role import Role
from db import event_actions, faults, permission
from db.audit import Author
from db.event_actions import LockedEvent
from db.event_filter import EventStatus
from db.events import Claimed
from sync import bisect, persist
from sync.interpret import Interpreted, interpret
from sync.persist import WriteRules
from sync.transaction import Begin, retry

SET = 200
"""Events in one transaction."""

UNKNOWN = "We keep no delivery with this svix id."
WITHOUT_BODY = "Its body was removed for its age, so there is nothing to apply. Compare the user with Clerk instead."
DISCARDED = "Somebody discarded it; its line in the trail says why. Ask for it with the status discarded to replay it."
IN_THE_WAY = "Somebody is changing its user just now. Replay it again in a moment."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What a person asked for, and why."""

    author: Author
    default_role: Role
    discarded: bool = False
    """Whether discarded events are meant too."""
    force: bool = False
    """Whether an event counts although a newer one is known."""


@dataclass(frozen=True, slots=True)
class SkippedEvent:
    """An event that was not replayed, and stays as it was."""

    svix_id: str
    why: str


@dataclass(slots=True)
class ReplayResult:
    """What a replay did."""

    applied: int = 0
    """Events that are true now, whether or not anything had to change."""
    ignored: int = 0
    """Events that mean nothing to us."""
    left: list[SkippedEvent] = field(default_factory=list)

    def add(self, other: "ReplayResult") -> None:
        """Count another part."""
        self.applied += other.applied
        self.ignored += other.ignored
        self.left += other.left


def replay(
    begin: Begin, svix_ids: Sequence[str], order: ReplayRequest, observer: persist.Witness | None = None
) -> ReplayResult:
    """Apply a set of events again; one that fails is found by halving and left, and its neighbours are applied.

    Raises what is not the events' fault, with the parts done that were done: replaying those again changes nothing.
    Raises NotPermitted as soon as the author may not replay any more; each transaction checks that.
    """
    rules = WriteRules(author=order.author, force=order.force, observer=observer)

    def at_once(part: Sequence[str]) -> ReplayResult:
        return retry(begin, lambda connection, keys: _replay_in(connection, part, order, rules, keys))

    done = ReplayResult()
    for part in bisect.run(svix_ids, at_once, _failed, time.monotonic() + bisect.LONGEST_SECONDS):
        done.add(part)
    return done


def _failed(svix_id: str, error: Exception) -> ReplayResult:
    if faults.is_lock(error) or faults.is_conflict(error):
        return ReplayResult(left=[SkippedEvent(svix_id, IN_THE_WAY)])
    why = ", ".join(f"{name} {value}" for name, value in logs.fault(error).items())
    return ReplayResult(left=[SkippedEvent(svix_id, f"It cannot be applied: {why}.")])


def _replay_in(
    connection: Connection, svix_ids: Sequence[str], order: ReplayRequest, rules: WriteRules, email_keys: set[str]
) -> ReplayResult:
    held = {each.svix_id: each for each in event_actions.lock(connection, svix_ids)}
    left = [SkippedEvent(svix_id, UNKNOWN) for svix_id in svix_ids if svix_id not in held]
    left += [SkippedEvent(each.svix_id, why) for each in held.values() if (why := _refusal(each, order))]
    refused = {each.svix_id for each in left}
    ready = [each for svix_id, each in held.items() if svix_id not in refused]
    if not ready:
        permission.lock_and_check(connection, order.author.permission)
        return ReplayResult(left=left)
    claimed = [Claimed(each.svix_id, each.size or 0, each.occurred_at, 0, None) for each in ready]
    interpreted = interpret(connection, claimed)
    persist.write(connection, interpreted.states, order.default_role, email_keys, rules)
    done = _settle(connection, ready, interpreted)
    done.left[:0] = left
    return done


def _refusal(event: LockedEvent, order: ReplayRequest) -> str | None:
    if event.status is EventStatus.DISCARDED and not order.discarded:
        return DISCARDED
    return WITHOUT_BODY if event.size is None else None


def _settle(connection: Connection, ready: Sequence[LockedEvent], interpreted: Interpreted) -> ReplayResult:
    """Write what became of each event, and into the trail who did it."""
    fates = {svix_id: (EventStatus(status), why) for svix_id, status, why in interpreted.without_effect}
    applied = [each for each in ready if each.svix_id not in fates]
    ignored = [each for each in ready if each.svix_id in fates and fates[each.svix_id][0] is EventStatus.IGNORED]
    _become(connection, EventStatus.APPLIED, applied, None)
    for each in ignored:
        if each.status is not EventStatus.APPLIED:  # what was true once has had its effect
            _become(connection, EventStatus.IGNORED, [each], fates[each.svix_id][1])
    unreadable = [each for each in ready if each.svix_id in fates and fates[each.svix_id][0] is EventStatus.PARKED]
    waited = [each for each in unreadable if each.status is EventStatus.RECEIVED]
    for each in waited:
        _become(connection, EventStatus.PARKED, [each], fates[each.svix_id][1])
    unsaid = (
        _unsaid(applied, EventStatus.APPLIED)
        + _unsaid(ignored, EventStatus.IGNORED)
        + _unsaid(waited, EventStatus.PARKED)
    )
    if unsaid:
        event_actions.note_replayed(connection, unsaid)
    left = [SkippedEvent(each.svix_id, fates[each.svix_id][1]) for each in unreadable]
    return ReplayResult(applied=len(applied), ignored=len(ignored), left=left)


def _become(connection: Connection, status: EventStatus, events: Collection[LockedEvent], why: str | None) -> None:
    other = [each.svix_id for each in events if each.status is not status]
    if other:
        event_actions.set_status(connection, other, status, why)


def _unsaid(events: Collection[LockedEvent], status: EventStatus) -> list[str]:
    """Those without a line of their own in the trail: only what was settled otherwise before gets one."""
    return [each.svix_id for each in events if each.status in (status, EventStatus.RECEIVED, EventStatus.APPLIED)]
