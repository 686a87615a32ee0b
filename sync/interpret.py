"""Interprets the bodies of claimed events: as a state of a user, or as a reason why an event changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from clerk import events as reading
from clerk.events import Changed, Deleted, Ignored, Unreadable
from clerk.user import Deletion
from db import events
from db.events import Claimed, Content
from sync.fold import State

SLICE_BYTES = 4_194_304
"""The maximum size of the bodies that are in memory at once."""


@dataclass(slots=True)
class Interpreted:
    """The interpretation of a claimed set."""

    states: list[tuple[State, str]] = field(default_factory=list)
    """States of users, each with the svix id of its event."""
    without_effect: list[tuple[str, str, str]] = field(default_factory=list)
    """Svix id, new status and reason of each event that changes nothing."""


def interpret(connection: Connection, claimed: Sequence[Claimed]) -> Interpreted:
    """Interpret the bodies, a slice at a time, since a state is small even if its body is large."""
    interpreted = Interpreted()
    for part in _slices(claimed):
        contents = _contents(connection, part)
        for event in part:
            _read(interpreted, event, contents.pop(event.svix_id))
    return interpreted


def _contents(connection: Connection, claimed: Sequence[Claimed]) -> dict[str, Content]:
    """The contents by svix id: those returned by the claim, and the others from another query."""
    contents = {event.svix_id: event.content for event in claimed if event.content is not None}
    others = [event.svix_id for event in claimed if event.svix_id not in contents]
    return contents | events.contents(connection, others) if others else contents


def _slices(claimed: Sequence[Claimed]) -> Iterator[list[Claimed]]:
    part: list[Claimed] = []
    size = 0
    for event in claimed:
        if part and size + event.size > SLICE_BYTES:
            yield part
            part, size = [], 0
        part.append(event)
        size += event.size
    yield part


def _read(interpreted: Interpreted, event: Claimed, content: Content) -> None:
    match reading.read_delivery(content.body, content.svix_timestamp, event.pinned).meaning:
        case Changed() as changed:
            interpreted.states.append((changed.snapshot, event.svix_id))
        case Deleted(clerk_id):
            deletion = Deletion(clerk_id=clerk_id, at=event.occurred_at, received_at=content.received_at)
            interpreted.states.append((deletion, event.svix_id))
        case Ignored(why):
            interpreted.without_effect.append((event.svix_id, "ignored", why))
        case Unreadable(why):
            interpreted.without_effect.append((event.svix_id, "parked", why))
