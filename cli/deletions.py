"""`akako deletions`: lists the deletions that are held, and releases or rejects them."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cli import output, progress
from cli.clerk_backend import backend
from cli.connection import author, author_options, database
from cli.times import formatted
from config import logs
from config.settings import BackfillSettings, load
from db import clock, deletion_holds
from db.deletion_holds import Hold
from dev import signals
from dev.terminal import escape
from reconcile import holds
from reconcile.pace import Pace, default_rate
from sync import hold_decisions
from sync.hold_decisions import Decided

PAGE = 500
LOCK_SECONDS = 5
Decide = Callable[[Engine, Sequence[str]], Decided]

CHOSEN = click.argument("clerk_ids", nargs=-1)
EVERY = click.option("--all", "everything", is_flag=True, help="All held deletions, as of now.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def deletions() -> None:
    """Decide about deletions that are held, since there were too many within an hour.

    A held user is stored as before. Once Clerk, asked, says that it does not have the user, the user has no access any
    more; the rest waits for your decision.
    """


@deletions.command("list", epilog="Example: akako deletions list --json")
@AS_JSON
def list_(as_json: bool) -> None:
    """List the held deletions, oldest first. Exit code 0 also if there is none."""
    with database() as engine:
        found = list(_open(engine))
    if as_json:
        click.echo(json.dumps([asdict(hold) for hold in found], indent=2, default=_text))
        return
    output.table(
        "Held deletions",
        ("User", "Held at", "Deleted at", "Known by", "At Clerk"),
        (
            (hold.clerk_id, formatted(hold.held_at), formatted(hold.occurred_at), hold.cause, _at_clerk(hold))
            for hold in found
        ),
    )


@deletions.command(
    epilog="""\b
    Examples:
      akako deletions release user_2abc --reason "Left the school; ticket 12."
      akako deletions release --all --dry-run --reason "End of term."
    """
)
@CHOSEN
@EVERY
@click.option("--dry-run", is_flag=True, help="Ask Clerk, and show what would be released, without releasing it.")
@author_options
@AS_JSON
def release(
    clerk_ids: tuple[str, ...], everything: bool, dry_run: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Apply held deletions of users that Clerk, asked again, does not have.

    A deletion cannot be undone. Users that Clerk has stay held. Ctrl-C stops the command; run it again to continue.
    Exit code 1 if a deletion was not released; each is printed with the reason.
    """
    settings = load(BackfillSettings)
    key = settings.clerk_secret_key.get_secret_value()
    pace = Pace(settings.clerk_requests_per_second or default_rate(key))
    signature = author(by, reason)
    with backend(settings) as client:

        def decide(engine: Engine, part: Sequence[str]) -> Decided:
            return holds.release(engine, client, pace, part, signature, dry_run=dry_run)

        _decide(clerk_ids, everything, decide, "would be released" if dry_run else "released", as_json)


@deletions.command(
    epilog="""\b
    Examples:
      akako deletions reject user_2abc --reason "Deleted by mistake; restored in Clerk."
      akako deletions reject --all --reason "A script deleted all users."
    """
)
@CHOSEN
@EVERY
@author_options
@AS_JSON
def reject(clerk_ids: tuple[str, ...], everything: bool, reason: str, by: str | None, as_json: bool) -> None:
    """Discard held deletions: the users stay, with their roles.

    If a user is not at Clerk, reconciling finds that again within the hour. Exit code 1 if a deletion was not
    rejected; each is printed with the reason.
    """
    signature = author(by, reason)

    def decide(engine: Engine, part: Sequence[str]) -> Decided:
        return hold_decisions.reject(engine.begin, part, signature)

    _decide(clerk_ids, everything, decide, "rejected", as_json)


def _decide(clerk_ids: Sequence[str], everything: bool, decide: Decide, word: str, as_json: bool) -> None:
    if bool(clerk_ids) == everything:
        raise click.UsageError("Name users, or give --all.")
    logs.configure("akako", level="WARNING", stream=sys.stderr)
    done = Decided()
    with database(lock_seconds=LOCK_SECONDS) as engine, signals.interruptible():
        chosen = [hold.clerk_id for hold in _open(engine)] if everything else list(dict.fromkeys(clerk_ids))
        try:
            with progress.bar(word, len(chosen)) as advance:
                for start in range(0, len(chosen), hold_decisions.SET):
                    part = chosen[start : start + hold_decisions.SET]
                    done.add(decide(engine, part))
                    advance(len(part))
        except (KeyboardInterrupt, SQLAlchemyError):
            _print(done, word, as_json)
            click.echo("Interrupted. The counts above are committed; run the command again to continue.", err=True)
            raise
    _print(done, word, as_json)
    sys.exit(1 if done.left else 0)


def _print(done: Decided, word: str, as_json: bool) -> None:
    if as_json:
        left = [{"clerk_id": each.clerk_id, "why": each.why} for each in done.left]
        click.echo(json.dumps({word.replace(" ", "_"): done.done, "left": left}, indent=2))
        return
    for each in done.left:
        click.echo(f"{escape(each.clerk_id)}: {each.why}", err=True)
    click.echo(f"{len(done.done):,} {word}, {len(done.left):,} left")


def _open(engine: Engine) -> Iterator[Hold]:
    """The holds that are open now."""
    with engine.begin() as connection:
        now = clock.now(connection)
    after = 0
    while True:
        with engine.begin() as connection:
            page = deletion_holds.page(connection, PAGE, after, now)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _at_clerk(hold: Hold) -> str:
    if hold.exists_at_clerk is None:
        return "not asked yet"
    return "Clerk has this user" if hold.exists_at_clerk else "gone: the user has no access"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
