"""`akako deletions release` and `akako deletions reject`."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clerk.http import ClerkUnavailable
from cli import progress
from cli.clerk_backend import backend
from cli.connection import author, author_options, database
from cli.text_options import CLERK_ID
from config import logs
from config.settings import AskingSettings, load
from db import clock, deletion_holds
from dev import signals
from dev.terminal import escape
from reconcile import holds
from reconcile.holds import ReleaseInterrupted
from reconcile.pace import Pace
from sync import hold_decisions
from sync.hold_decisions import Decided

RELEASE_SET = 10
"""Users in one transaction, and in one check of the instance. If the command is killed, Clerk is asked again."""
REJECT_SET = hold_decisions.SET
LOCK_SECONDS = 10
AGAIN = "The counts above are committed; to continue, run the same command again."

Command = TypeVar("Command", bound=Callable[..., Any])
Decide: TypeAlias = Callable[[Engine, Sequence[str]], Decided]


def _options(command: Command) -> Command:
    for option in (
        click.argument("clerk_ids", nargs=-1, type=CLERK_ID, metavar="[USER]..."),
        click.option("--all", "everything", is_flag=True, help="Every deletion that is held now."),
        click.option("--dry-run", is_flag=True, help="Show what would be decided, without changing anything."),
        author_options,
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        command = option(command)
    return command


@click.command(
    epilog="""\b
    Examples:
      akako deletions release --all --dry-run --reason "The old school year."
      akako deletions release --all --reason "The old school year."
      akako deletions release user_2abc user_2def --reason "They asked for it."
    """
)
@_options
def release(
    clerk_ids: tuple[str, ...], everything: bool, dry_run: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Apply held deletions. This cannot be undone, so Clerk is asked about each user first.

    Deletions of users that Clerk has stay held. Ctrl-C stops the command, which can be run again. Exit code 1 if a
    deletion was left; each is printed with the reason.
    """
    _check(clerk_ids, everything)
    settings = load(AskingSettings)
    pace, signature = Pace(settings.requests_per_second), author(by, reason)
    with backend(settings, AGAIN) as client:

        def decide(engine: Engine, part: Sequence[str]) -> Decided:
            return holds.release(engine, client, pace, part, signature, dry_run=dry_run)

        _run("released", decide, RELEASE_SET, clerk_ids, dry_run, as_json)


@click.command(
    epilog="""\b
    Examples:
      akako deletions reject user_2abc --reason "Deleted by mistake."
      akako deletions reject --all --reason "A script ran against the wrong instance."
    """
)
@_options
def reject(
    clerk_ids: tuple[str, ...], everything: bool, dry_run: bool, reason: str, by: str | None, as_json: bool
) -> None:
    """Discard held deletions: the users keep their access, or get it back.

    Ctrl-C stops the command, which can be run again. Exit code 1 if a deletion was left; each is printed with the
    reason.
    """
    _check(clerk_ids, everything)
    signature = author(by, reason)

    def decide(engine: Engine, part: Sequence[str]) -> Decided:
        if dry_run:
            return hold_decisions.preview(engine.begin, part)
        return hold_decisions.reject(engine.begin, part, signature)

    _run("rejected", decide, REJECT_SET, clerk_ids, dry_run, as_json)


def _check(clerk_ids: tuple[str, ...], everything: bool) -> None:
    if bool(clerk_ids) == everything:
        raise click.UsageError("Give the users whose deletion is held, or --all alone.")


def _run(word: str, decide: Decide, size: int, clerk_ids: Sequence[str], dry_run: bool, as_json: bool) -> None:
    """Decide in parts, print the counts, and end with exit code 1 if a deletion was left."""
    logs.configure("akako", level="WARNING", stream=sys.stderr)
    done = left = 0
    with database(lock_seconds=LOCK_SECONDS) as engine, signals.interruptible():
        try:
            with progress.bar("deciding", _count(engine, clerk_ids)) as advance:
                for part in _parts(engine, clerk_ids, size):
                    decided, interrupted = _decide(engine, part, decide)
                    done, left = done + len(decided.done), left + len(decided.left)
                    for each in decided.left:
                        click.echo(escape(f"{each.clerk_id}: {each.why}"), err=True)
                    if interrupted:
                        raise interrupted
                    advance(len(part))
        except (KeyboardInterrupt, SQLAlchemyError, ClerkUnavailable) as error:
            _print(word, done, left, dry_run, as_json)
            if not isinstance(error, ClerkUnavailable):
                click.echo(f"Interrupted. {AGAIN}", err=True)
            raise
    _print(word, done, left, dry_run, as_json)
    if left:
        raise SystemExit(1)


def _decide(engine: Engine, part: Sequence[str], decide: Decide) -> tuple[Decided, ReleaseInterrupted | None]:
    """What was decided, and what interrupted it."""
    try:
        return decide(engine, part), None
    except ReleaseInterrupted as interrupted:
        return interrupted.decided, interrupted


def _count(engine: Engine, clerk_ids: Sequence[str]) -> int:
    if clerk_ids:
        return len(set(clerk_ids))
    with engine.begin() as connection:
        return deletion_holds.count_open(connection)


def _parts(engine: Engine, clerk_ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The users in parts: those given, or those whose deletion was held when the command began, oldest hold first."""
    if clerk_ids:
        named = list(dict.fromkeys(clerk_ids))
        yield from (named[start : start + size] for start in range(0, len(named), size))
        return
    with engine.begin() as connection:
        until, after = clock.now(connection), 0
    while True:
        with engine.begin() as connection:
            page = deletion_holds.page(connection, size, after, until)
        if not page:
            return
        after = page[-1].id
        yield [hold.clerk_id for hold in page]


def _print(word: str, done: int, left: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({word: done, "left": left, "dry_run": dry_run}))
    else:
        click.echo(f"{'Would be: ' if dry_run else ''}{done:,} {word}, {left:,} left")
