"""`akako backfill`: imports all users of a Clerk instance, or shows what an import would do."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend, ClerkInstance
from cli import backfill_report
from cli.clerk_backend import backend
from cli.connection import author, database
from cli.times import formatted
from config import logs
from config.settings import BackfillSettings, load
from db import clock, leases, walks
from db.walks import Phase, Walk
from dev import signals
from reconcile import pinning
from reconcile.backfill import Backfill
from reconcile.pace import Pace
from reconcile.reading import Reader

LEASE_SECONDS = 120
"""Longer than the longest pause between two requests."""
SLICE_SECONDS = 90
"""How long a process that was killed can hold the lease of reconciling."""
CONTINUE = "Run `akako backfill` again to continue."
PINNED = "The first import."


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
    with backend(settings, CONTINUE) as client, database(looks_up=True) as engine, signals.interruptible():
        try:
            ended = import_users(engine, client, settings, dry_run=dry_run, restart=restart)
        except KeyboardInterrupt:
            click.echo(f"Interrupted. {'' if dry_run else CONTINUE}", err=True)
            sys.exit(130)
    backfill_report.show(ended, as_json, dry_run)
    sys.exit(0 if ended.outcome == "complete" else 1)


def import_users(
    engine: Engine, client: Backend, settings: BackfillSettings, *, dry_run: bool = False, restart: bool = False
) -> Walk:
    """Import all users, with a progress bar on a terminal. Raises ClickException, ClerkUnavailable or PageTooLarge."""
    with _lease(engine, dry_run) as renew:
        reader = Reader(engine, client, Pace(settings.requests_per_second), renew)
        return _run(engine, reader, settings.default_role, dry_run=dry_run, restart=restart)


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
        _wait_for_slice(engine)
        yield renew
    finally:
        with engine.begin() as connection:
            leases.give_back(connection, leases.BACKFILL, holder)


def _wait_for_slice(engine: Engine) -> None:
    """Wait for the end of a slice of reconciling that began before; none begins during an import."""
    for second in range(SLICE_SECONDS):
        with engine.begin() as connection:
            if not leases.is_held(connection, leases.RECONCILE):
                return
        if not second:
            click.echo("Waiting until the process `clerk` has finished its present questions.", err=True)
        time.sleep(1)


def _run(engine: Engine, reader: Reader, default_role: Role, *, dry_run: bool, restart: bool) -> Walk:
    instance = reader.instance()
    instance_id = instance.id
    pinning.require(engine, instance, None if dry_run else author(None, PINNED))
    walk = None if dry_run else _unfinished(engine, instance_id, restart)
    if walk is None:
        walk = _start(engine, instance_id, reader.count(), dry_run)
    reader = replace(reader, before=_pinned(engine, instance, reader.before))
    with backfill_report.progress(walk) as show:
        run = Backfill(engine=engine, reader=reader, default_role=default_role, dry_run=dry_run, saved=show)
        return run.run(walk)


def _pinned(engine: Engine, instance: ClerkInstance, renew: Callable[[], None]) -> Callable[[], None]:
    """What to do before each request: end the import if another instance was pinned meanwhile."""

    def before() -> None:
        renew()
        pinning.require(engine, instance, None)

    return before


def _unfinished(engine: Engine, instance_id: str, restart: bool) -> Walk | None:
    """The interrupted import of this instance; ended first with `restart`, and None then."""
    with engine.begin() as connection:
        found = walks.unfinished(connection, instance_id)
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
