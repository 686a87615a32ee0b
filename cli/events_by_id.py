"""Batches of events selected by id, with the reason for each id that is skipped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import click
from sqlalchemy import Engine

from akako_guard.identifier import identifier
from db import event_search
from db.event_filter import EventFilter
from dev.terminal import escape
from sync.replay import UNKNOWN, SkippedEvent

INVALID_ID = "Not a valid svix id: give up to 255 visible ASCII characters, such as msg_2abc; one per line on stdin."
NOT_SELECTED = "Does not match every filter given, so it is unchanged. `akako events show` shows it."


@dataclass(frozen=True, slots=True)
class EventBatch:
    """A batch of selected events, held in memory together."""

    svix_ids: list[str]
    """The selected ids; may be empty."""
    taken: int
    """How many ids were read for this batch."""
    last: str | None
    """The last valid id read, to continue after; None if there is none."""
    left: list[SkippedEvent] = field(default_factory=list)
    """Ids that were given and are skipped."""


def batches(
    engine: Engine, selection: EventFilter, svix_ids: Iterable[str], size: int, after: str | None
) -> Iterator[EventBatch]:
    """The ids that match the filters, in the order given, starting after id `after`.

    With no filter, every valid id is selected, even if no event with it is stored. Raises UsageError if `after` is not
    among the ids.
    """
    rest = iter(svix_ids)
    if after is not None and after not in rest:  # `in` also consumes everything up to it
        raise click.UsageError(f"--after {after} is not among the ids given.")
    while taken := list(islice(rest, size)):
        yield _batch(engine, selection, taken)


def print_skipped(left: Iterable[SkippedEvent]) -> None:
    """Print each skipped event with its reason to standard error."""
    for each in left:
        click.echo(escape(f"{each.svix_id}: {each.why}"), err=True)


def _batch(engine: Engine, selection: EventFilter, taken: list[str]) -> EventBatch:
    named = list(dict.fromkeys(filter(identifier, taken)))
    last = next(filter(identifier, reversed(taken)), None)
    left = [SkippedEvent(_printable(each), INVALID_ID) for each in dict.fromkeys(taken) if identifier(each) is None]
    if selection.is_everything or not named:
        return EventBatch(named, len(taken), last, left)
    with engine.begin() as connection:
        stored, selected = (
            frozenset(event_search.ids(connection, replace(each, svix_ids=tuple(named)), len(named)))
            for each in (EventFilter(), selection)
        )
    left += [SkippedEvent(each, NOT_SELECTED if each in stored else UNKNOWN) for each in named if each not in selected]
    return EventBatch([each for each in named if each in selected], len(taken), last, left)


def _printable(text: str) -> str:
    """The first 80 characters, with control characters escaped."""
    return ascii(text[:80]).strip("'\"")
