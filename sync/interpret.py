"""Reads the bodies of claimed events: what each says of a user, or why it changes nothing."""

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
"""Of bodies that are held in memory at once."""


@dataclass(slots=True)
class Interpreted:
    """A claimed set, read."""

    states: list[tuple[State, str]] = field(default_factory=list)
    """What was said of users, each with the svix id that said it."""
    without_effect: list[tuple[str, str, str]] = field(default_factory=list)
    """Svix id, status and reason of events that change nothing."""


def interpret(connection: Connection, claimed: Sequence[Claimed]) -> Interpreted:
    """Read the bodies, a slice at a time: what they say is small, whatever they weigh."""
    interpreted = Interpreted()
    for part in _slices(claimed):
        contents = _contents(connection, part)
        for event in part:
            _read(interpreted, event, contents.pop(event.svix_id))
    return interpreted


def _contents(connection: Connection, claimed: Sequence[Claimed]) -> dict[str, Content]:
    """The contents by svix id: those that came with the claim, and the others."""
    contents = {event.svix_id: event.content for event in claimed if event.content is not None}
    others = [event.svix_id for event in claimed if event.svix_id not in contents]
    return contents | events.contents(connection, others) if others else contents


def _slices(claimed: Sequence[Claimed]) -> Iterator[list[Claimed]]:
    part: list[Claimed] = []
    weight = 0
    for event in claimed:
        if part and weight + event.size > SLICE_BYTES:
            yield part
            part, weight = [], 0
        part.append(event)
        weight += event.size
    yield part


def _read(interpreted: Interpreted, event: Claimed, content: Content) -> None:
    match reading.read_delivery(content.body, content.svix_timestamp).meaning:
        case Changed() as changed:
            interpreted.states.append((changed.snapshot, event.svix_id))
        case Deleted(clerk_id):
            deletion = Deletion(clerk_id=clerk_id, at=event.occurred_at, received_at=content.received_at)
            interpreted.states.append((deletion, event.svix_id))
        case Ignored(why):
            interpreted.without_effect.append((event.svix_id, "ignored", why))
        case Unreadable(why):
            interpreted.without_effect.append((event.svix_id, "parked", why))
