"""Puts events away for good, on purpose, by a person."""

from collections.abc import Sequence

from sqlalchemy import Connection

from db import audit, event_actions, permission
from db.audit import Author
from db.event_actions import LockedEvent
from db.event_filter import EventStatus
from sync.replay import UNKNOWN, SkippedEvent

_REFUSALS = {
    EventStatus.APPLIED: "It is applied: what it changed stays. Discarding is for events that are parked or wait.",
    EventStatus.IGNORED: "It is ignored already: nothing will be done about it.",
    EventStatus.DISCARDED: "It is discarded already.",
}


def discard(connection: Connection, svix_ids: Sequence[str], author: Author) -> list[SkippedEvent]:
    """Discard those of the events that are parked or wait, a line in the trail for each; the others, with why not.

    Raises NotPermitted.
    """
    held = {each.svix_id: each for each in event_actions.lock(connection, svix_ids)}
    permission.lock_and_check(connection, author.permission)
    left = [SkippedEvent(svix_id, why) for svix_id in svix_ids if (why := _refusal(held.get(svix_id)))]
    refused = {each.svix_id for each in left}
    audit.set_author(connection, author)
    event_actions.discard(connection, [svix_id for svix_id in held if svix_id not in refused])
    return left


def _refusal(event: LockedEvent | None) -> str | None:
    return UNKNOWN if event is None else _REFUSALS.get(event.status)
