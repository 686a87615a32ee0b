"""`akako drift repair`: asks Clerk again for users that differ, and applies its answers, or shows the changes."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

import click
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from api import drift_responses
from clerk.backend import PageTooLarge
from clerk.http import ClerkUnavailable
from cli import difference, output, progress
from cli.clerk_backend import backend
from cli.connection import BY, author, database
from cli.text_options import REASON
from config import logs
from config.settings import BackfillSettings, load
from db import drift
from db.drift import CLASSES
from dev import signals
from dev.terminal import escape
from reconcile import drift_repair
from reconcile.drift_repair import RepairOrder, RepairResult
from reconcile.pace import Pace
from reconcile.reading import Reader
from reconcile.repair_plan import SkippedDrift
from reconcile.repair_preview import preview

LOCK_SECONDS = 5
MOST_IN_A_DRY_RUN = 10_000
PREVIEW_REASON = "A preview."
"""The database requires a reason even for audit lines that are rolled back."""


@click.command(
    epilog="""\b
    Examples:
      akako drift repair 17 --dry-run
      akako drift repair 17 18 --reason "Webhook was lost; case 17."
      akako drift repair --all --class missed_update --reason "Endpoint was disabled."
      akako drift repair 17 --force --reason "Edited by SQL by mistake."
    """
)
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1), metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Repair all open differences.")
@click.option("--class", "kind", type=click.Choice(CLASSES, case_sensitive=False), help="With --all: only this class.")
@click.option("--dry-run", is_flag=True, help="Ask Clerk and show what would change, without changing anything.")
@click.option("--force", is_flag=True, help="Let Clerk's contents win over a stored version that is the same or newer.")
@click.option("--reason", type=REASON, help="Reason, recorded in the audit trail. Required except for a dry run.")
@BY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def repair(
    ids: tuple[int, ...],
    everything: bool,
    kind: str | None,
    dry_run: bool,
    force: bool,
    reason: str | None,
    by: str | None,
    as_json: bool,
) -> None:
    """Ask Clerk again for the users of these differences, and store them as Clerk says.

    A user that is recorded as deleted stays deleted, and a user that Clerk does not have is not changed. --force is for
    the classes `differs` and `ahead`. Ctrl-C stops the command, which prints what it has done.

    Exit code 1 if a difference was not repaired; each is printed with the reason.
    """
    if bool(ids) == everything or (kind and not everything):
        raise click.UsageError("Select differences: give ids, or --all, which --class restricts.")
    if reason is None and not dry_run:
        raise click.UsageError("Give a reason with --reason; it is recorded in the audit trail.")
    settings = load(BackfillSettings)
    logs.configure("akako", level="WARNING", stream=sys.stderr)
    order = RepairOrder(author=author(by, reason or PREVIEW_REASON), default_role=settings.default_role, force=force)
    with backend(settings) as client, database(connections=2, lock_seconds=LOCK_SECONDS) as engine:
        reader = Reader(engine, client, Pace(settings.requests_per_second), lambda: None)
        chosen = _chosen(engine, kind) if everything else list(dict.fromkeys(ids))
        if dry_run:
            _preview(reader, chosen, order, as_json)
        else:
            _repair(reader, chosen, order, as_json)


def _chosen(engine: Engine, kind: str | None) -> list[int]:
    """The ids of all open differences, of this class if one is given."""
    with engine.begin() as connection:
        return drift.open_ids(connection, kind)


def _repair(reader: Reader, ids: Sequence[int], order: RepairOrder, as_json: bool) -> None:
    done = RepairResult()
    with signals.interruptible(), progress.bar("repairing", len(ids)) as advance:
        try:
            for asked in drift_repair.ask(reader, ids):
                found = drift_repair.repair(reader.engine.begin, asked, order)
                _print_skipped(found.left)
                done.add(found)
                advance(len(found.repaired) + len(found.resolved) + len(found.left))
        except (KeyboardInterrupt, SQLAlchemyError, ClerkUnavailable, PageTooLarge):
            _print(done, as_json)
            click.echo(
                "Interrupted. What is counted above is committed; to continue, run the same command again.", err=True
            )
            raise
    _print(done, as_json)
    if done.left:
        raise SystemExit(1)


def _preview(reader: Reader, ids: Sequence[int], order: RepairOrder, as_json: bool) -> None:
    if len(ids) > MOST_IN_A_DRY_RUN:
        raise click.UsageError(
            f"More than {MOST_IN_A_DRY_RUN:,} differences are selected, whose users a dry run keeps locked."
            " Select fewer, by id or with --class."
        )
    asked = []
    with progress.bar("asking", len(ids)) as advance:
        for part in drift_repair.ask(reader, ids):
            asked.append(part)
            advance(len(part.answers) + len(part.left))
    done, changes = preview(reader.engine, asked, order)
    if order.author.reason == PREVIEW_REASON:
        changes = replace(changes, lines=[replace(line, reason=None) for line in changes.lines])
    shown = changes.redacted()
    if as_json:
        output.as_json(drift_responses.repaired(done, shown))
    else:
        click.echo(f"A repair would count: {_counts(done)}.")
        difference.show(shown)
    _print_skipped(done.left)
    if done.left:
        raise SystemExit(1)


def _print(done: RepairResult, as_json: bool) -> None:
    if as_json:
        output.as_json(drift_responses.repaired(done, None))
    else:
        click.echo(_counts(done))


def _counts(done: RepairResult) -> str:
    return f"{len(done.repaired):,} repaired, {len(done.resolved):,} ended by themselves, {len(done.left):,} skipped"


def _print_skipped(left: Iterable[SkippedDrift]) -> None:
    """Print each skipped difference with its reason to standard error."""
    for each in left:
        click.echo(escape(f"{each.id}{f' ({each.clerk_id})' if each.clerk_id else ''}: {each.why}"), err=True)
