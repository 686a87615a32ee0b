"""`akako events replay`: apply kept events again, or see first what that would change."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api import event_responses
from cli import events_by_id, output, progress
from cli.connection import BY, author, database
from cli.event_options import EVERYTHING, EventSelection, selecting
from cli.events_by_id import EventBatch
from cli.text_options import REASON
from config import logs
from config.settings import NewUserSettings, load
from db import audit, event_actions
from db.event_filter import EventStatus
from dev import signals
from sync.difference import Change, Difference
from sync.preview import preview as look
from sync.replay import SET, ReplayRequest, ReplayResult, SkippedEvent
from sync.replay import replay as apply_again

LOCK_SECONDS = 5
UNSAID = "A preview."
"""The database asks for a reason even for lines that are rolled back."""


@click.command(
    epilog="""\b
    Examples:
      akako events replay msg_2abc --preview
      akako events replay msg_2abc --reason "The column is there now."
      akako events replay --status parked --error "no version" --reason "We read it now."
      akako events replay --all --reason "Restored from an old backup."
      akako events replay --all --after msg_2abc --reason "Going on."
      akako events replay msg_2abc --force --reason "Clerk was wrong since; support case 17."
    """
)
@selecting
@EVERYTHING
@click.option("--preview", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--at-most", default=10_000, show_default=True, help="How many events a preview may lock users for.")
@click.option("--reveal", is_flag=True, help="Show personal fields in the preview; the audit trail says that you did.")
@click.option("--force", is_flag=True, help="Let ONE event count although a newer is known. Nobody is brought back.")
@click.option("--after", help="Go on after this event, as a replay that was stopped says.")
@click.option("--reason", type=REASON, help="Why; it stands in the audit trail. Needed, but for a preview.")
@BY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    chosen: EventSelection,
    everything: bool,
    preview: bool,
    at_most: int,
    reveal: bool,
    force: bool,
    after: str | None,
    reason: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Apply kept events again, the first received first.

    A user never moves backwards by that: an event that was applied changes something only if something is missing.
    Stopped with Ctrl-C, it says how to go on. Ends with 1 if an event was left; each is named with the reason.
    """
    chosen.judge(everything)
    if force and (len(chosen.named) != 1 or chosen.named == ("-",)):
        raise click.UsageError("--force takes one event by its id: of several, their order would decide what is true.")
    if reason is None and (reveal or not preview):
        raise click.UsageError("Say why with --reason; it stands in the audit trail.")
    logs.configure("akako", level="WARNING", stream=sys.stderr)
    order = ReplayRequest(
        author=author(by, reason or UNSAID),
        default_role=load(NewUserSettings).default_role,
        discarded=chosen.selection.status is EventStatus.DISCARDED,
        insists=force,
    )
    with database(connections=2, lock_seconds=LOCK_SECONDS) as engine:
        if preview:
            _preview(engine, chosen.until_now(engine), order, at_most, after, reveal, as_json)
        else:
            _replay(engine, chosen.until_now(engine), order, after, as_json)


def _replay(engine: Engine, chosen: EventSelection, order: ReplayRequest, after: str | None, as_json: bool) -> None:
    done, left, last = ReplayResult(), 0, after
    with signals.heard(), progress.bar("replaying", chosen.count(engine)) as advance:
        try:
            for part in chosen.sets(engine, SET, after):
                found = apply_again(engine.begin, part.svix_ids, order) if part.svix_ids else ReplayResult()
                events_by_id.tell(part.left + found.left)
                left += len(part.left) + len(found.left)
                found.left.clear()  # however many there are, none is kept in memory
                done.add(found)
                last = part.last or last
                advance(part.taken)
        except (KeyboardInterrupt, SQLAlchemyError):
            _say(done, left, as_json)
            go_on = f"go on with the same command and --after {last}" if last else "begin again"
            click.echo(f"It was stopped. What is said above is done; {go_on}. Doing it twice harms nothing.", err=True)
            raise
    _say(done, left, as_json)
    if left:
        raise SystemExit(1)


def _say(done: ReplayResult, left: int, as_json: bool) -> None:
    told = {"applied": done.applied, "ignored": done.ignored, "left": left}
    click.echo(json.dumps(told) if as_json else ", ".join(f"{count:,} {name}" for name, count in told.items()))


def _preview(
    engine: Engine,
    chosen: EventSelection,
    order: ReplayRequest,
    at_most: int,
    after: str | None,
    reveal: bool,
    as_json: bool,
) -> None:
    svix_ids, left = _few(chosen.sets(engine, SET, after), at_most)
    done, made = look(engine, (svix_ids[start : start + SET] for start in range(0, len(svix_ids), SET)), order)
    done.left[:0] = left
    if reveal:
        with engine.begin() as connection:
            audit.set_author(connection, order.author)
            event_actions.note_revealed(connection, svix_ids)
    if order.author.reason == UNSAID:
        made = replace(made, lines=[replace(line, reason=None) for line in made.lines])
    shown = made if reveal else made.redacted()
    if as_json:
        output.as_json(event_responses.replayed(done, shown))
    else:
        _print(done, shown)
    if done.left:
        raise SystemExit(1)


def _few(parts: Iterable[EventBatch], at_most: int) -> tuple[list[str], list[SkippedEvent]]:
    """All of them in memory: what is meant, and what was named and is not."""
    svix_ids: list[str] = []
    left: list[SkippedEvent] = []
    for part in parts:
        svix_ids += part.svix_ids
        left += part.left
        if len(svix_ids) > at_most:
            raise click.UsageError(
                f"These are more than {at_most:,} events, whose users a preview would hold locked while it works. "
                "Ask for fewer, or raise --at-most."
            )
    return svix_ids, left


def _print(done: ReplayResult, made: Difference) -> None:
    click.echo(f"It would be: {done.applied:,} applied, {done.ignored:,} ignored, {len(done.left):,} left.")
    events_by_id.tell(done.left)
    changes = [*made.users, *made.roles]
    output.table(
        "What would change",
        ("Whose", "What", "Before", "After"),
        ((each.clerk_user_id, _what(each), _row(each.before), _row(each.after)) for each in changes),
    )
    output.lines("What would be added to the audit trail", made.lines)


def _what(change: Change) -> str:
    if change.role is None:
        return "user"
    return f"{change.role} {change.assignment_id}" if change.assignment_id else f"{change.role}, new"


def _row(row: dict[str, Any] | None) -> str:
    return "\n".join(f"{name}: {value}" for name, value in row.items()) if row is not None else "(nothing)"
