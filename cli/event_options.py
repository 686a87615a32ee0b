"""Command line options that select stored events."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import click
from sqlalchemy import Connection, Engine

from akako_guard.identifier import identifier
from cli import events_by_id
from cli.events_by_id import EventBatch
from cli.text_options import CLERK_ID
from cli.times import MOMENT, check_range
from db import clock, event_search, user_search
from db.event_filter import EventFilter, EventStatus

OPTIONS = (
    click.argument("svix_ids", nargs=-1, metavar="[SVIX_ID]..."),
    click.option("--status", type=click.Choice(list(EventStatus), case_sensitive=False), help="Only with this status."),
    click.option("--type", help="Only of this type, such as user.updated."),
    click.option("--user", type=CLERK_ID, help="Only about this user (Clerk id)."),
    click.option("--since", type=MOMENT, help="Received at or after this time."),
    click.option("--until", type=MOMENT, help="Received before this time."),
    click.option("--occurred-since", type=MOMENT, help="Occurred at Clerk at or after this time."),
    click.option("--occurred-until", type=MOMENT, help="Occurred at Clerk before this time."),
    click.option("--error", help="Reason or error contains this text (case-insensitive)."),
    click.option("--error-kind", help="Reason is of this kind, as printed by `akako events stats`."),
)
EVERYTHING = click.option("--all", "everything", is_flag=True, help="Select every stored event, without a filter.")
FILTERS = ("status", "type", "user", "since", "until", "occurred_since", "occurred_until", "error", "error_kind")


@dataclass(frozen=True, slots=True)
class EventSelection:
    """The events selected on the command line: filters, and optionally ids, possibly an unbounded stream on stdin."""

    selection: EventFilter
    named: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        """Whether neither ids nor filters were given."""
        return not self.named and self.selection.is_everything

    def check(self, everything: bool) -> None:
        """Raise UsageError for an empty selection without --all, or for --all together with ids or filters."""
        if self.is_everything != everything:
            raise click.UsageError("Select events: give ids, - to read ids from stdin, filters, or --all alone.")

    def check_user(self, connection: Connection) -> None:
        """Raise UsageError if neither `users` nor the stored events contain this user id."""
        user = self.selection.user
        if user is None or user_search.show(connection, user) or event_search.count(connection, EventFilter(user=user)):
            return
        raise click.UsageError(f"There is no user {user} and no event about one. `akako users list` has the ids.")

    def count(self, engine: Engine) -> int | None:
        """The number of selected events; None if ids are read from standard input."""
        if self.named:
            return None if self.named == ("-",) else len(self.named)
        with engine.begin() as connection:
            return event_search.count(connection, self.selection)

    def until_now(self, engine: Engine) -> "EventSelection":
        """The same selection without events received from now on, so that it is finite; ids are unchanged."""
        if self.named:
            return self
        with engine.begin() as connection:
            self.check_user(connection)
            now, until = clock.now(connection), self.selection.until
        return replace(self, selection=replace(self.selection, until=min(now, until) if until else now))

    def whole(self) -> EventFilter:
        """One filter with all ids in memory; invalid ids cannot be stored and are omitted."""
        if not self.named:
            return self.selection
        return replace(self.selection, svix_ids=tuple(filter(identifier, self._ids())))

    def batches(self, engine: Engine, size: int, after: str | None) -> Iterator[EventBatch]:
        """The selected events in batches of `size`: ids in the order given, otherwise oldest first."""
        if self.named:
            return events_by_id.batches(engine, self.selection, self._ids(), size, after)
        return (EventBatch(ids, len(ids), ids[-1]) for ids in _found(engine, self.selection, size, after))

    def _ids(self) -> Iterable[str]:
        if self.named == ("-",):
            # Bytes that are not UTF-8 remain printable and never form a valid id.
            return (line.strip().decode("latin-1") for line in sys.stdin.buffer if line.strip())
        return self.named


def _found(engine: Engine, selection: EventFilter, size: int, after: str | None) -> Iterator[list[str]]:
    """Batches of ids, each read in its own transaction, so that none is open while a batch is processed."""
    while True:
        with engine.begin() as connection:
            part = event_search.ids(connection, selection, size, after)
        if not part:
            return
        yield part
        after = part[-1]


def event_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the selection options to a command, which receives them as one argument, `chosen`."""

    @wraps(command)
    def wrapper(*args: Any, svix_ids: tuple[str, ...], **given: Any) -> Any:
        filters = {name: given.pop(name) for name in FILTERS}
        if "-" in svix_ids and len(svix_ids) > 1:
            raise click.UsageError("Give ids, or - alone to read them from standard input, one per line.")
        check_range(filters["since"], filters["until"])
        check_range(
            filters["occurred_since"], filters["occurred_until"], "--occurred-since must be before --occurred-until"
        )
        return command(*args, chosen=EventSelection(EventFilter(**filters), svix_ids), **given)

    for option in reversed(OPTIONS):
        wrapper = option(wrapper)
    return wrapper
