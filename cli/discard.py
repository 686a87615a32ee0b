"""`akako events discard`: put events away that are not to be applied."""

import json

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cli import events_by_id
from cli.connection import author, database, signed
from cli.event_options import EVERYTHING, EventSelection, selecting
from cli.replay import LOCK_SECONDS
from db.audit import Author
from dev import signals
from sync.discard import discard as put_away
from sync.replay import SET


@click.command(
    epilog="""\b
    Examples:
      akako events discard msg_2abc --reason "A test of ours."
      akako events list --status parked --error "no version" --ids
      akako events discard --status parked --error "no version" --reason "Clerk's mistake; case 17."
    """
)
@selecting
@EVERYTHING
@signed
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def discard(chosen: EventSelection, everything: bool, reason: str, by: str | None, as_json: bool) -> None:
    """Put events away for good that are parked or wait. Nothing is deleted, and a replay can take them up again.

    Stopped with Ctrl-C, it says what it did. Ends with 1 if an event was left; each is named with the reason.
    """
    chosen.judge(everything)
    with database(lock_seconds=LOCK_SECONDS) as engine:
        _discard(engine, chosen.until_now(engine), author(by, reason), as_json)


def _discard(engine: Engine, chosen: EventSelection, signature: Author, as_json: bool) -> None:
    discarded = left = 0
    with signals.heard():
        try:
            for part in chosen.sets(engine, SET, None):
                with engine.begin() as connection:
                    refused = put_away(connection, part.svix_ids, signature)
                events_by_id.tell(part.left + refused)
                discarded += len(part.svix_ids) - len(refused)
                left += len(part.left) + len(refused)
        except (KeyboardInterrupt, SQLAlchemyError):
            _say(discarded, left, as_json)
            click.echo(
                "It was stopped. What is said above is done; go on with the same command. "
                "What is discarded already stays as it is.",
                err=True,
            )
            raise
    _say(discarded, left, as_json)
    if left:
        raise SystemExit(1)


def _say(discarded: int, left: int, as_json: bool) -> None:
    told = {"discarded": discarded, "left": left}
    click.echo(json.dumps(told) if as_json else f"{discarded:,} discarded, {left:,} left")
