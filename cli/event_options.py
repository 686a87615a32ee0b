"""The options that say which kept events a command means."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import click
from sqlalchemy import Connection, Engine

from clerk.user import identifier
from cli import events_by_id
from cli.events_by_id import EventBatch
from cli.text_options import CLERK_ID
from cli.times import MOMENT, judge_range
from db import clock, event_search, user_search
from db.event_filter import EventFilter, EventStatus

OPTIONS = (
    click.argument("svix_ids", nargs=-1, metavar="[SVIX_ID]..."),
    click.option("--status", type=click.Choice(list(EventStatus), case_sensitive=False), help="Only these."),
    click.option("--type", help="Of this type, as user.updated."),
    click.option("--user", type=CLERK_ID, help="About this user: a Clerk id."),
    click.option("--since", type=MOMENT, help="Received from then on."),
    click.option("--until", type=MOMENT, help="Received before then."),
    click.option("--occurred-since", type=MOMENT, help="Happened at Clerk from then on."),
    click.option("--occurred-until", type=MOMENT, help="Happened at Clerk before then."),
    click.option("--error", help="Whose reason or error has this in it, in letters of either case."),
)
EVERYTHING = click.option("--all", "everything", is_flag=True, help="Whatever is kept, without a condition.")
CONDITIONS = ("status", "type", "user", "since", "until", "occurred_since", "occurred_until", "error")


@dataclass(frozen=True, slots=True)
class EventSelection:
    """What the command line chose: conditions, and perhaps ids, which may come from standard input without an end."""

    selection: EventFilter
    named: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        """Whether nothing at all was asked."""
        return not self.named and self.selection.is_everything

    def judge(self, everything: bool) -> None:
        """Refuse to take an empty command line for everything that there is."""
        if self.is_everything != everything:
            raise click.UsageError("Say which events: ids, - for ids from standard input, conditions, or --all alone.")

    def judge_user(self, connection: Connection) -> None:
        """Refuse the id of a user whom neither the users nor the events name: it is mistyped."""
        user = self.selection.user
        if user is None or user_search.show(connection, user) or event_search.count(connection, EventFilter(user=user)):
            return
        raise click.UsageError(f"There is no user {user}, and no event about one. `akako users list` has the ids.")

    def count(self, engine: Engine) -> int | None:
        """How many events are meant; None if that is not known before standard input ends."""
        if self.named:
            return None if self.named == ("-",) else len(self.named)
        with engine.begin() as connection:
            return event_search.count(connection, self.selection)

    def until_now(self, engine: Engine) -> "EventSelection":
        """Without what is received from now on, so that there is an end; what is named has one."""
        if self.named:
            return self
        with engine.begin() as connection:
            self.judge_user(connection)
            now, until = clock.now(connection), self.selection.until
        return replace(self, selection=replace(self.selection, until=min(now, until) if until else now))

    def whole(self) -> EventFilter:
        """One selection, with all ids in memory; what is no id is kept by nobody and left out."""
        if not self.named:
            return self.selection
        return replace(self.selection, svix_ids=tuple(filter(identifier, self._ids())))

    def sets(self, engine: Engine, size: int, after: str | None) -> Iterator[EventBatch]:
        """The events that are meant, a set in memory at a time: named ones as named, others by age."""
        if self.named:
            return events_by_id.sets(engine, self.selection, self._ids(), size, after)
        return (EventBatch(ids, len(ids), ids[-1]) for ids in _found(engine, self.selection, size, after))

    def _ids(self) -> Iterable[str]:
        if self.named == ("-",):
            # Bytes that are no text are shown as they are, and are no id either.
            return (line.strip().decode("latin-1") for line in sys.stdin.buffer if line.strip())
        return self.named


def _found(engine: Engine, selection: EventFilter, size: int, after: str | None) -> Iterator[list[str]]:
    """Each set by a question of its own: no transaction is open while a set is worked on."""
    while True:
        with engine.begin() as connection:
            part = event_search.ids(connection, selection, size, after)
        if not part:
            return
        yield part
        after = part[-1]


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, which reach it as one value, `chosen`."""

    @wraps(command)
    def wrapper(*args: Any, svix_ids: tuple[str, ...], **given: Any) -> Any:
        asked = {name: given.pop(name) for name in CONDITIONS}
        if "-" in svix_ids and len(svix_ids) > 1:
            raise click.UsageError("Name ids, or - alone to read them from standard input, one a line.")
        judge_range(asked["since"], asked["until"])
        judge_range(
            asked["occurred_since"], asked["occurred_until"], "--occurred-since must be before --occurred-until"
        )
        return command(*args, chosen=EventSelection(EventFilter(**asked), svix_ids), **given)

    for option in reversed(OPTIONS):
        wrapper = option(wrapper)
    return wrapper
