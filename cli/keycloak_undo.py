"""`akako keycloak undo`: deletes the users that an import created, except those who use them already."""

import json
import sys

import click
from sqlalchemy import Engine

from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import backend
from cli.connection import author, author_options, database, owner
from cli.keycloak_import import CONTINUE, pinned, workers_at
from cli.progress import bar
from config import logs
from config.settings import BackfillSettings, load
from db import keycloak_decisions, keycloak_plans, keycloak_undo
from db.audit import Author
from db.keycloak_plans import Run
from dev import signals
from reconcile import keycloak_authority
from reconcile.keycloak_undo import SETTLE_SECONDS, Outcome, Undo, Undone
from reconcile.pace import SharedPace

SHOWN = 20
"""Users that stay, that are printed as a table."""
OWNER = "Only the owner of the tables may undo an import."


@click.command(
    epilog="""\b
    Examples:
      akako keycloak undo 3 --dry-run --reason "Rehearsal."
      akako keycloak undo 3 --reason "The wrong map."
    """
)
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1), metavar="RUN")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --dry-run or --yes.")
@author_options
def undo(run_id: int, dry_run: bool, yes: bool, as_json: bool, reason: str, by: str | None) -> None:
    """Delete the users that the import of the plan RUN created, at Clerk and here.

    Users stay who signed in at Clerk, whose roles or access a person changed with us, or that this run did not create.
    What would be deleted is shown first. The deletions do not count towards the limit of held deletions, since you
    decide about them. They are final: a newer plan creates these people again, as new users.

    Can be interrupted at any point, and is continued by running the command again. Refused after
    `akako keycloak cutover`.
    """
    if as_json and not (dry_run or yes):
        raise click.UsageError("With --json, give --dry-run or --yes.")
    settings, signature = load(BackfillSettings), author(by, reason)
    logs.configure("keycloak", stream=sys.stderr)
    workers = workers_at(settings.requests_per_second)
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with (
            backend(settings, CONTINUE) as client,
            database(connections=workers) as engine,
            signals.interruptible(),
        ):
            run, marker = _run(engine, run_id)
            pace = SharedPace(settings.requests_per_second)
            work = Undo(
                engine=engine,
                run=run,
                marker=marker,
                backend=client,
                writer=writer,
                pace=pace,
                author=signature,
                before=pinned(engine, client, pace, None),
                workers=workers,
            )
            with engine.connect() as connection:
                total = keycloak_undo.count(connection, run)
            with bar("looking users up", total) as advance:
                found = work.preview(advance)
            if dry_run or not _confirmed(found, yes):
                _show(run, found, as_json, dry_run=True)
                return
            _begin(run, signature)
            with bar("deleting users", total) as advance:
                found = work.run_all(advance, _say_that_it_waits)
            _show(run, found, as_json, dry_run=False)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {CONTINUE}", err=True)
        sys.exit(130)
    finally:
        writer.close()


def _run(engine: Engine, run_id: int) -> tuple[Run, str]:
    """The plan and its marker. Raises ClickException or RealmCutOver."""
    with engine.connect() as connection:
        run = keycloak_plans.get(connection, run_id)
        if run is None:
            raise click.ClickException(f"There is no plan {run_id}. `akako keycloak runs` lists the plans.")
        keycloak_authority.require(connection, run.realm)
        if run.import_started_at is None:
            raise click.ClickException(f"The import of plan {run_id} has not begun, so there is nothing to undo.")
        return run, keycloak_undo.marker(connection, run)


def _confirmed(found: Undone, yes: bool) -> bool:
    if yes:
        return True
    _table("Before", found)
    click.confirm(f"Delete {found.counts[Outcome.UNDONE]:,} users at Clerk and here? This is final.", abort=True)
    return True


def _say_that_it_waits(users: int) -> None:
    text = (
        f"Clerk may still create {users:,} users that an import asked for. Waiting up to {SETTLE_SECONDS:.0f} seconds."
    )
    click.echo(text, err=True)


def _begin(run: Run, signature: Author) -> None:
    with owner(OWNER) as pool, pool.begin() as connection:
        if not keycloak_decisions.begin_undo(connection, run, signature):
            raise click.ClickException(
                "The move ended meanwhile, so nothing is undone. `akako keycloak runs` shows it."
            )


def _show(run: Run, found: Undone, as_json: bool, *, dry_run: bool) -> None:
    if as_json:
        spared = [{"keycloak_id": key, "reason": outcome} for key, outcome in found.spared]
        click.echo(json.dumps({"run": run.id, "dry_run": dry_run, "counts": found.counts, "spared": spared}, indent=2))
        return
    _table("What would happen" if dry_run else "Undone", found)
    if found.spared:
        output.table("Users that stay", ("User", "Reason"), found.spared[:SHOWN])
    if len(found.spared) > SHOWN:
        click.echo("There are more. --json lists all.", err=True)
    if dry_run:
        click.echo("Dry run: nothing was changed.", err=True)


def _table(title: str, found: Undone) -> None:
    counts = ((outcome, f"{found.counts[outcome]:,}") for outcome in Outcome if found.counts[outcome])
    output.table(title, ("Outcome", "Users"), counts)
