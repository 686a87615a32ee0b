"""`akako events discard`: discards events that must not be applied."""

import json

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cli import events_by_id
from cli.connection import author, author_options, database
from cli.event_options import EVERYTHING, EventSelection, event_options
from cli.replay import LOCK_SECONDS
from db.audit import Author
from dev import signals
from sync.discard import discard as discard_events
from sync.replay import SET


@click.command(
    epilog="""\b
    Examples:
      akako events discard msg_2abc --reason "Sent by our own test."
      akako events list --status parked --error "no version" --ids
      akako events discard --status parked --error "no version" --reason "Invalid event; Clerk case 17."
    """
)
@event_options
@EVERYTHING
@author_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def discard(chosen: EventSelection, everything: bool, reason: str, by: str | None, as_json: bool) -> None:
    """Discard events that are parked or due: they are not applied any more.

    Nothing is deleted, and a discarded event can be replayed. Ctrl-C stops the command, which prints what it has done.
    Exit code 1 if an event was skipped; each is printed with the reason.
    """
    chosen.check(everything)
    with database(lock_seconds=LOCK_SECONDS) as engine:
        _discard(engine, chosen.until_now(engine), author(by, reason), as_json)


def _discard(engine: Engine, chosen: EventSelection, signature: Author, as_json: bool) -> None:
    discarded = left = 0
    with signals.interruptible():
        try:
            for part in chosen.batches(engine, SET, None):
                with engine.begin() as connection:
                    refused = discard_events(connection, part.svix_ids, signature)
                events_by_id.print_skipped(part.left + refused)
                discarded += len(part.svix_ids) - len(refused)
                left += len(part.left) + len(refused)
        except (KeyboardInterrupt, SQLAlchemyError):
            _print(discarded, left, as_json)
            click.echo(
                "Interrupted. The counts above are committed; to continue, run the same command again. "
                "Events that are already discarded do not change.",
                err=True,
            )
            raise
    _print(discarded, left, as_json)
    if left:
        raise SystemExit(1)


def _print(discarded: int, left: int, as_json: bool) -> None:
    counts = {"discarded": discarded, "left": left}
    click.echo(json.dumps(counts) if as_json else f"{discarded:,} discarded, {left:,} skipped")
