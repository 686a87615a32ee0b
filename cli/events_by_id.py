"""Events that are named by their ids: a set of them at a time, and why one that is named is not meant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import click
from sqlalchemy import Engine

from clerk.user import identifier
from db import event_search
from db.event_filter import EventFilter
from dev.terminal import escape
from sync.replay import UNKNOWN, SkippedEvent

NO_ID = "This is no svix id: up to 255 visible ASCII characters, as msg_2abc; one a line on standard input."
NOT_MEANT = "It does not meet every condition given, so it stays as it is. `akako events show` says what it is."


@dataclass(frozen=True, slots=True)
class EventBatch:
    """A set of the events that a command is for, as many as are in memory at a time."""

    svix_ids: list[str]
    """What is meant; may be empty."""
    taken: int
    """How many were looked at for that."""
    last: str | None
    """After which of them to go on; None if none can be named."""
    left: list[SkippedEvent] = field(default_factory=list)
    """What was named and is not meant."""


def sets(
    engine: Engine, selection: EventFilter, svix_ids: Iterable[str], size: int, after: str | None
) -> Iterator[EventBatch]:
    """The ids that meet the conditions of the selection, in the order in which they are named, after id `after`.

    Without a condition every id is meant, also one that we keep nothing of; what is no id never is.
    """
    rest = iter(svix_ids)
    if after is not None and after not in rest:  # which also takes everything up to it
        raise click.UsageError(f"{after} is not among the ids given, so there is no going on after it.")
    while taken := list(islice(rest, size)):
        yield _part(engine, selection, taken)


def tell(left: Iterable[SkippedEvent]) -> None:
    """Name on standard error each event that was left, with the reason."""
    for each in left:
        click.echo(escape(f"{each.svix_id}: {each.why}"), err=True)


def _part(engine: Engine, selection: EventFilter, taken: list[str]) -> EventBatch:
    named = list(dict.fromkeys(filter(identifier, taken)))
    last = next(filter(identifier, reversed(taken)), None)
    left = [SkippedEvent(_shown(each), NO_ID) for each in dict.fromkeys(taken) if identifier(each) is None]
    if selection.is_everything or not named:
        return EventBatch(named, len(taken), last, left)
    with engine.begin() as connection:
        kept, meant = (
            frozenset(event_search.ids(connection, replace(asked, svix_ids=tuple(named)), len(named)))
            for asked in (EventFilter(), selection)
        )
    left += [SkippedEvent(each, NOT_MEANT if each in kept else UNKNOWN) for each in named if each not in meant]
    return EventBatch([each for each in named if each in meant], len(taken), last, left)


def _shown(text: str) -> str:
    """What could steer a terminal is written out."""
    return ascii(text[:80]).strip("'\"")
