"""Discards events at a person's request, so that they are not applied unless they are replayed."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import audit, event_actions, permission
from db.audit import Author
from db.event_actions import LockedEvent
from db.event_filter import EventStatus
from sync.replay import HELD, UNKNOWN, SkippedEvent

_REFUSALS = {
    EventStatus.APPLIED: "It is already applied; its changes remain. Only parked and received events can be discarded.",
    EventStatus.IGNORED: "It is already ignored and will not be applied.",
    EventStatus.DISCARDED: "It is already discarded.",
    EventStatus.HELD: HELD,
}


def discard(connection: Connection, svix_ids: Sequence[str], author: Author) -> list[SkippedEvent]:
    """Discard the parked and received events among these, each with a line in the audit trail; returns those skipped.

    Raises NotPermitted.
    """
    locked = {each.svix_id: each for each in event_actions.lock(connection, svix_ids)}
    permission.lock_and_check(connection, author.permission)
    skipped = [SkippedEvent(svix_id, why) for svix_id in svix_ids if (why := _refusal(locked.get(svix_id)))]
    refused = {each.svix_id for each in skipped}
    audit.set_author(connection, author)
    event_actions.discard(connection, [svix_id for svix_id in locked if svix_id not in refused])
    return skipped


def _refusal(event: LockedEvent | None) -> str | None:
    return UNKNOWN if event is None else _REFUSALS.get(event.status)
