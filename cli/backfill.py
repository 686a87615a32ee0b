"""`akako backfill`: imports all users of a Clerk instance, or shows what an import would do."""

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from clerk.backend import Backend, ClerkUnavailable, PageTooLarge
from cli import output
from cli.connection import database
from cli.times import formatted
from config import logs
from config.settings import BackfillSettings, load
from db import clock, leases, walks
from db.walks import Phase, Walk
from dev import signals
from reconcile import retry
from reconcile.backfill import Backfill
from reconcile.pace import Pace, default_rate

LEASE_SECONDS = 120
"""Longer than the longest pause between two requests."""
CONTINUE = "Run `akako backfill` again to continue."
KEY_REFUSED = ("status 401", "status 403")


@click.command(
    epilog="""\b
    Examples:
      akako backfill --dry-run
      akako backfill
      akako backfill --json
      akako backfill --restart          from the first user, instead of continuing
    """
)
@click.option("--dry-run", is_flag=True, help="Read all users and show what would change, without changing anything.")
@click.option("--restart", is_flag=True, help="Start again instead of continuing an interrupted import.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backfill(dry_run: bool, restart: bool, as_json: bool) -> None:
    """Import all users from Clerk, and show whether any is missing.

    Users who exist already are updated if Clerk's version is newer; deleted users stay deleted. New users get the
    default role. An interrupted import is continued by running the command again.

    Exit code 0 if the import is complete, 1 if not: the reason is shown.
    """
    settings = load(BackfillSettings)
    logs.configure("backfill", stream=sys.stderr)
    rate = settings.clerk_requests_per_second or default_rate(settings.clerk_secret_key.get_secret_value())
    backend = Backend(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    with database() as engine, signals.interruptible():
        try:
            with _lease(engine, dry_run) as renew:
                ended = _run(engine, backend, Pace(rate), settings, renew, dry_run=dry_run, restart=restart)
        except ClerkUnavailable as unavailable:
            raise click.ClickException(f"Clerk did not answer: {unavailable}. {_advice(unavailable)}") from unavailable
        except PageTooLarge as too_large:
            raise click.ClickException("Clerk's answers are too large or too slow. Try again later.") from too_large
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {'' if dry_run else CONTINUE}", err=True)
            sys.exit(130)
        finally:
            backend.close()
    _print(ended, as_json, dry_run)
    sys.exit(0 if ended.outcome == "complete" else 1)


def _advice(unavailable: ClerkUnavailable) -> str:
    if unavailable.transient:
        return CONTINUE
    if str(unavailable) in KEY_REFUSED:
        return "Check that CLERK_SECRET_KEY is the secret key of your instance."
    return "Check CLERK_SECRET_KEY and CLERK_API_URL."


@contextmanager
def _lease(engine: Engine, dry_run: bool) -> Iterator[Callable[[], None]]:
    """Let one import run at a time; yields a function that renews the lease. A dry run needs none."""
    holder = uuid.uuid4().hex

    def renew() -> None:
        with engine.begin() as connection:
            taken = leases.take(connection, leases.BACKFILL, holder, LEASE_SECONDS)
        if not taken:
            raise click.ClickException(
                "Another import is running, or was killed less than two minutes ago. Try again in two minutes."
            )

    if dry_run:
        yield lambda: None
        return
    renew()
    try:
        yield renew
    finally:
        with engine.begin() as connection:
            leases.give_back(connection, leases.BACKFILL, holder)


def _run(
    engine: Engine,
    backend: Backend,
    pace: Pace,
    settings: BackfillSettings,
    renew: Callable[[], None],
    *,
    dry_run: bool,
    restart: bool,
) -> Walk:
    instance_id = retry.ask(pace, backend.instance_id, before=renew)
    walk = None if dry_run else _unfinished(engine, instance_id, restart)
    if walk is None:
        walk = _start(engine, instance_id, retry.ask(pace, backend.count, before=renew), dry_run)
    with _progress(walk) as show:
        run = Backfill(
            engine=engine,
            backend=backend,
            pace=pace,
            default_role=settings.default_role,
            dry_run=dry_run,
            before_request=renew,
            saved=show,
        )
        return run.run(walk)


def _unfinished(engine: Engine, instance_id: str, restart: bool) -> Walk | None:
    """The interrupted import of this instance. Raises ClickException if the users came from another instance."""
    with engine.begin() as connection:
        last, found = walks.last(connection), walks.unfinished(connection, instance_id)
        if last and last.instance_id != instance_id:
            raise click.ClickException(
                f"The users of this database were imported from the instance {last.instance_id}, and CLERK_SECRET_KEY"
                f" belongs to {instance_id}. Set the key of {last.instance_id}, or use another database."
            )
        if found and restart:
            walks.save(connection, replace(found, phase=Phase.ENDED, outcome="incomplete", reason="started again"))
            return None
    if found:
        click.echo(f"Continuing the import of {formatted(found.started_at)} after {found.seen:,} users.", err=True)
    return found


def _start(engine: Engine, instance_id: str, count: int, dry_run: bool) -> Walk:
    with engine.begin() as connection:
        if not dry_run:
            return walks.start(connection, instance_id, count)
        return Walk(instance_id=instance_id, count_before=count, started_at=clock.now(connection))


@contextmanager
def _progress(walk: Walk) -> Iterator[Callable[[Walk], None]]:
    """A progress bar with rate and remaining time on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("users"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=walk.count_before, completed=walk.seen, rate="")

        def show(saved: Walk) -> None:
            progress.update(task, completed=saved.seen, total=max(saved.seen, saved.count_before))
            speed = progress.tasks[0].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")

        yield show


def _print(walk: Walk, as_json: bool, dry_run: bool) -> None:
    if as_json:
        values = {name: value for name, value in asdict(walk).items() if name not in ("cursor", "newest", "phase")}
        click.echo(json.dumps({"dry_run": dry_run, **values}, indent=2, default=datetime.isoformat))
        return
    title = "What an import would do" if dry_run else "Import"
    rows = [
        ("Users at Clerk", f"{walk.count_before:,} before, {walk.count_after:,} after"),
        ("Users seen", f"{walk.seen:,}"),
        ("New", f"{walk.created:,}"),
        ("Updated", f"{walk.updated:,}"),
        ("Unchanged", f"{walk.unchanged:,}"),
        ("Deleted here, so not restored", f"{walk.deleted:,}"),
        ("Not applied", f"{walk.skipped:,}"),
        ("Result", walk.outcome if not walk.reason else f"{walk.outcome}: {walk.reason}"),
    ]
    output.table(title, ("", ""), rows)
    if walk.outcome != "complete":
        click.echo("Run `akako backfill` again. If it stays incomplete, see docs/how-to/import-users.md.", err=True)
