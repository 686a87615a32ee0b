"""`akako events replay`: applies stored events again, or previews the changes."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api import event_responses
from cli import difference, events_by_id, output, progress
from cli.connection import BY, author, database
from cli.event_options import EVERYTHING, EventSelection, event_options
from cli.events_by_id import EventBatch
from cli.text_options import REASON
from config import logs
from config.settings import ReplaySettings, load
from db import audit, event_actions
from db.event_filter import EventStatus
from dev import signals
from sync import deletion_limits
from sync.difference import Difference
from sync.preview import preview as preview_replay
from sync.replay import SET, ReplayRequest, ReplayResult, SkippedEvent
from sync.replay import replay as replay_events

LOCK_SECONDS = 5
PREVIEW_REASON = "A preview."
"""The database requires a reason even for audit lines that are rolled back."""


@click.command(
    epilog="""\b
    Examples:
      akako events replay msg_2abc --preview
      akako events replay msg_2abc --reason "Column added."
      akako events replay --status parked --error "no version" --reason "Supported since this version."
      akako events replay --all --reason "Restored from an old backup."
      akako events replay --all --after msg_2abc --reason "Continued."
      akako events replay msg_2abc --force --reason "Later update was wrong; case 17."
    """
)
@event_options
@EVERYTHING
@click.option("--preview", is_flag=True, help="Show what would change, without changing anything.")
@click.option(
    "--at-most",
    default=10_000,
    show_default=True,
    help="Maximum number of events in a preview, which locks their users.",
)
@click.option("--reveal", is_flag=True, help="Show personal data in the preview; recorded in the audit trail.")
@click.option(
    "--force", is_flag=True, help="Apply ONE event although a newer one is known. Never restores a deleted user."
)
@click.option("--after", help="Continue after this event id, as printed by an interrupted replay.")
@click.option("--reason", type=REASON, help="Reason, recorded in the audit trail. Required except for a preview.")
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
    """Apply stored events again, in the order in which they were received.

    Never reverts a user to an older state: an event that was already applied changes only what is missing. Ctrl-C stops
    the command, which prints how to continue. Exit code 1 if an event was skipped; each is printed with the reason.
    """
    chosen.check(everything)
    if force and (len(chosen.named) != 1 or chosen.named == ("-",)):
        raise click.UsageError("--force takes exactly one event id: the result of several would depend on their order.")
    if reason is None and (reveal or not preview):
        raise click.UsageError("Give a reason with --reason; it is recorded in the audit trail.")
    logs.configure("akako", level="WARNING", stream=sys.stderr)
    settings = load(ReplaySettings)
    request = ReplayRequest(
        author=author(by, reason or PREVIEW_REASON),
        default_role=settings.default_role,
        discarded=chosen.selection.status is EventStatus.DISCARDED,
        force=force,
        limit=deletion_limits.configured(settings).signed,
    )
    with database(connections=2, lock_seconds=LOCK_SECONDS) as engine:
        if preview:
            _preview(engine, chosen.until_now(engine), request, at_most, after, reveal, as_json)
        else:
            _replay(engine, chosen.until_now(engine), request, after, as_json)


def _replay(engine: Engine, chosen: EventSelection, request: ReplayRequest, after: str | None, as_json: bool) -> None:
    done, left, last = ReplayResult(), 0, after
    with signals.interruptible(), progress.bar("replaying", chosen.count(engine)) as advance:
        try:
            for part in chosen.batches(engine, SET, after):
                found = replay_events(engine.begin, part.svix_ids, request) if part.svix_ids else ReplayResult()
                events_by_id.print_skipped(part.left + found.left)
                left += len(part.left) + len(found.left)
                found.left.clear()  # bounds memory use
                done.add(found)
                last = part.last or last
                advance(part.taken)
        except (KeyboardInterrupt, SQLAlchemyError):
            _print_counts(done, left, as_json)
            next_step = f"run the same command with --after {last}" if last else "run the same command again"
            click.echo(
                f"Interrupted. The counts above are committed; to continue, {next_step}. Replaying is idempotent.",
                err=True,
            )
            raise
    _print_counts(done, left, as_json)
    if left:
        raise SystemExit(1)


def _print_counts(done: ReplayResult, left: int, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"applied": done.applied, "ignored": done.ignored, "left": left}))
    else:
        click.echo(f"{done.applied:,} applied, {done.ignored:,} ignored, {left:,} skipped")


def _preview(
    engine: Engine,
    chosen: EventSelection,
    request: ReplayRequest,
    at_most: int,
    after: str | None,
    reveal: bool,
    as_json: bool,
) -> None:
    svix_ids, left = _read_all(chosen.batches(engine, SET, after), at_most)
    done, changes = preview_replay(
        engine, (svix_ids[start : start + SET] for start in range(0, len(svix_ids), SET)), request
    )
    done.left[:0] = left
    if reveal:
        with engine.begin() as connection:
            audit.set_author(connection, request.author)
            event_actions.note_revealed(connection, svix_ids)
    if request.author.reason == PREVIEW_REASON:
        changes = replace(changes, lines=[replace(line, reason=None) for line in changes.lines])
    shown = changes if reveal else changes.redacted()
    if as_json:
        output.as_json(event_responses.replayed(done, shown))
    else:
        _print(done, shown)
    if done.left:
        raise SystemExit(1)


def _read_all(parts: Iterable[EventBatch], at_most: int) -> tuple[list[str], list[SkippedEvent]]:
    """All selected ids in memory, and the skipped ones. Raises UsageError for more than `at_most`."""
    svix_ids: list[str] = []
    left: list[SkippedEvent] = []
    for part in parts:
        svix_ids += part.svix_ids
        left += part.left
        if len(svix_ids) > at_most:
            raise click.UsageError(
                f"More than {at_most:,} events are selected, whose users a preview keeps locked. "
                "Select fewer events, or raise --at-most."
            )
    return svix_ids, left


def _print(done: ReplayResult, changes: Difference) -> None:
    click.echo(f"A replay would count: {done.applied:,} applied, {done.ignored:,} ignored, {len(done.left):,} skipped.")
    events_by_id.print_skipped(done.left)
    difference.show(changes)
