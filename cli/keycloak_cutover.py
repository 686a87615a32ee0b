"""`akako keycloak cutover`: ends the move from Keycloak, or continues it."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import Engine

from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import backend
from cli.connection import author, author_options, database, owner
from cli.keycloak_import import latest_run
from cli.keycloak_source import DATABASE, PATH, inspected, opened, past_of_roles, refusals
from cli.progress import bar
from config.settings import BackfillSettings, load
from db import keycloak_decisions, keycloak_imports, keycloak_plans
from db.audit import Author
from db.keycloak_plans import Run
from dev import signals
from keycloak import export, mapping
from keycloak.history import History
from keycloak.realm_source import RealmSource
from reconcile import keycloak_cutover, keycloak_plan, pinning
from reconcile.keycloak_cutover import Readiness
from reconcile.keycloak_parity import Difference, Parity
from reconcile.pace import Pace
from reconcile.reading import Reader

OWNER = "Only the owner of the tables may end a move from Keycloak."
AGAIN = "Run the same command again."
CHANGED = f"The move changed meanwhile, so nothing was decided. {AGAIN}"


@click.command(
    epilog="""\b
    Examples:
      akako keycloak cutover 3 export/ --dry-run --reason "Rehearsal."
      akako keycloak cutover 3 export/ --reason "The last users moved." --accept not_imported
      akako keycloak cutover 3 --back --reason "Keycloak is needed for another week."
    """
)
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1), metavar="RUN")
@PATH
@DATABASE
@click.option("--events", type=click.Path(path_type=Path), help="Admin events, if the plan was made with them.")
@click.option("--accept", multiple=True, metavar="KIND", help="Accept unexplained differences of this kind.")
@click.option("--back", is_flag=True, help="Make Keycloak the authority again, in place of ending the move.")
@click.option("--dry-run", is_flag=True, help="Show what stands in the way, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --dry-run or --yes.")
@author_options
def cutover(
    run_id: int,
    path: Path | None,
    from_database: bool,
    events: Path | None,
    accept: tuple[str, ...],
    back: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    reason: str,
    by: str | None,
) -> None:
    """End the move with the plan RUN: Keycloak stops being the authority for the users of its realm.

    PATH is the last export, or --database; it must say the same as the plan. Refused while a user is not imported, it
    differs from the plan, or `akako keycloak parity` finds a difference that nothing explains. --accept permits
    differences of a kind; they are recorded with the reason.

    From then on nothing of the realm is planned, imported or undone, until --back. Nothing is sent to Keycloak: end
    sign-in there yourself.

    Exit code 1 if something stands in the way.
    """
    if as_json and not (dry_run or yes):
        raise click.UsageError("With --json, give --dry-run or --yes.")
    if back:
        _go_back(run_id, author(by, reason), dry_run=dry_run, yes=yes)
        return
    if path is None and not from_database:
        raise click.UsageError("Give the path of the last export, --database, or --back.")
    try:
        with refusals(), database() as engine, signals.interruptible():
            run = _run(engine, run_id)
            with opened(path, run.realm, from_database=from_database) as source:
                ready = keycloak_cutover.judge(
                    _states(engine, run), _newer(run, source, events), _differences(engine, run, source), accept
                )
    except KeyboardInterrupt:
        sys.exit(130)
    _show(run, ready, as_json)
    if ready.obstacles:
        sys.exit(1)
    if dry_run:
        click.echo("Dry run: nothing was changed.", err=True)
        return
    if not yes:
        click.confirm(f"End the move of the realm {run.realm} with plan {run.id}?", abort=True)
    _decide(run, _signature(author(by, reason), ready.accepted))


def _run(engine: Engine, run_id: int) -> Run:
    """The plan, whose import must have begun. Raises ClickException."""
    run = latest_run(engine, run_id)
    if run.cut_over_at:
        raise click.ClickException(f"The move ended with plan {run.id}, at {run.cut_over_at:%Y-%m-%d %H:%M} UTC.")
    if run.import_started_at is None:
        raise click.ClickException(f"The import of plan {run.id} has not begun. Run `akako keycloak import {run.id}`.")
    if run.undo_started_at:
        raise click.ClickException(f"Plan {run.id} was undone. Plan again, and import the new plan.")
    return run


def _states(engine: Engine, run: Run) -> Mapping[keycloak_imports.State, int]:
    with engine.connect() as connection:
        return keycloak_imports.totals(connection, run)


def _newer(run: Run, source: RealmSource, events: Path | None) -> Mapping[str, int]:
    """How many users the export says something else about than the plan; planned again, and rolled back."""
    inspection = inspected(source)
    export.require(inspection.persons, inspection.users, None)
    past = past_of_roles(source, events) or History()
    with (
        owner(OWNER, looks_up=True) as pool,
        pool.connect() as connection,
        bar("planning users", source.size) as advance,
    ):
        planned = keycloak_plan.make(
            connection, source, inspection, run.map, past, planned_by=run.planned_by, exported_at=None, advance=advance,
        )  # fmt: skip
        return planned.differences or {}


def _differences(engine: Engine, run: Run, source: RealmSource) -> list[Difference]:
    settings = load(BackfillSettings)
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with backend(settings, AGAIN) as client:
            reader = Reader(engine, client, Pace(settings.requests_per_second), lambda: None)
            pinning.require(engine, reader.instance(), None)
            compared = Parity(engine=engine, run=run, roles=mapping.parse(run.map), writer=writer, reader=reader)
            with engine.connect() as connection:
                total = sum(keycloak_plans.totals(connection, run.id).values())
            with bar("comparing users", total) as advance:
                return list(compared.differences(source.users(), advance))
    finally:
        writer.close()


def _show(run: Run, ready: Readiness, as_json: bool) -> None:
    if as_json:
        found = {
            "run": run.id,
            "states": ready.states,
            "export_differs": ready.newer,
            "unexplained": ready.unexplained,
            "accepted": ready.accepted,
            "obstacles": ready.obstacles,
        }
        click.echo(json.dumps(found, indent=2))
        return
    output.table(
        "Users of the plan", ("State", "Users"), ((state, f"{users:,}") for state, users in ready.states.items())
    )
    if ready.accepted:
        rows = ((kind, f"{number:,}") for kind, number in ready.accepted.items())
        output.table("Accepted differences", ("Kind", "Number"), rows)
    for obstacle in ready.obstacles:
        click.echo(obstacle, err=True)


def _signature(signature: Author, accepted: Mapping[str, int]) -> Author:
    """The author, with the accepted differences in the reason."""
    if not accepted:
        return signature
    listed = ", ".join(f"{number} {kind}" for kind, number in accepted.items())
    return replace(signature, reason=f"{signature.reason} Accepted differences: {listed}.")


def _decide(run: Run, signature: Author) -> None:
    with owner(OWNER) as pool, pool.begin() as connection:
        if not keycloak_decisions.cut_over(connection, run, signature):
            raise click.ClickException(CHANGED)
    click.echo(f"Keycloak is not the authority for the realm {run.realm} any more.", err=True)


def _go_back(run_id: int, signature: Author, *, dry_run: bool, yes: bool) -> None:
    with owner(OWNER) as pool:
        with pool.connect() as connection:
            run = keycloak_plans.get(connection, run_id)
        if run is None or run.cut_over_at is None:
            raise click.ClickException(f"The move has not ended with plan {run_id}. `akako keycloak runs` shows it.")
        if dry_run:
            click.echo("Dry run: nothing was changed.", err=True)
            return
        if not yes:
            click.confirm(f"Make Keycloak the authority for the realm {run.realm} again?", abort=True)
        with pool.begin() as connection:
            if not keycloak_decisions.reopen(connection, run, signature):
                raise click.ClickException(CHANGED)
    click.echo(f"Keycloak is the authority for the realm {run.realm} again.", err=True)
