"""`akako keycloak plan`: decides about every user of a realm, and stores the plan."""

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from cli import keycloak_report, output
from cli.connection import BY, author, owner
from cli.keycloak_source import inspected, opened, past_of_roles, refusals, source_options
from cli.progress import bar
from cli.times import MOMENT
from db import keycloak_differences, keycloak_plans
from keycloak import export as exports
from keycloak import mapping
from keycloak.fate import Fate
from keycloak.history import History
from reconcile import keycloak_plan
from reconcile.keycloak_plan import Planned

SHOWN = 20
"""Differences, and users that are not imported, that are printed."""
PLANNED = "Planned a move from Keycloak."
OWNER = "Only the owner of the tables may write a plan, since it gives roles in the past."


@click.command(
    epilog="""\b
    Examples:
      akako keycloak plan export/ --map map.toml --dry-run
      akako keycloak plan export/ --map map.toml --expect 12000
      akako keycloak plan export/ --map map.toml --events admin-events.jsonl --json
      akako keycloak plan --database --realm school --map map.toml
    """
)
@source_options
@click.option("--map", "map_path", type=click.Path(path_type=Path), required=True, help="What roles become (TOML).")
@click.option(
    "--events",
    type=click.Path(path_type=Path),
    help="Admin events, for the past of roles (JSON). [default with --database: those in the database]",
)
@click.option("--exported-at", type=MOMENT, help="Time of the export. [default: when its newest file was written]")
@click.option("--dry-run", is_flag=True, help="Show the plan without storing it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with every user.")
@BY
def plan(
    path: Path | None,
    from_database: bool,
    realm_name: str | None,
    expect: int | None,
    map_path: Path,
    events: Path | None,
    exported_at: datetime | None,
    dry_run: bool,
    as_json: bool,
    by: str | None,
) -> None:
    """Decide about every user of the export in PATH, and store the plan in the database.

    With --database, the users are read from Keycloak's database in one read-only transaction.

    Nothing is sent to Clerk, and no user is changed. The plan has neither digests nor secrets, names or addresses.
    Needs the owner of the tables (DATABASE_OWNER_URL).

    A plan that says the same as the one before is not stored again; otherwise the differences are shown.

    Exit code 1 if the export is incomplete, or the map does not decide about every role and kind of user in it.
    """
    if from_database and exported_at:
        raise click.UsageError("--exported-at is for exports: the database is read as it is now.")
    with (
        refusals(),
        owner(OWNER, looks_up=True) as engine,
        opened(path, realm_name, from_database=from_database) as source,
    ):
        text = _text(map_path)
        mapping.parse(text)
        inspection = inspected(source)
        exports.require(inspection.persons, inspection.users, expect)
        past = past_of_roles(source, events)
        with engine.connect() as connection:
            with bar("planning users", source.size) as advance:
                planned = keycloak_plan.make(
                    connection, source, inspection, text, past or History(),
                    planned_by=author(by, PLANNED).actor, exported_at=exported_at, advance=advance,
                )  # fmt: skip
            if not dry_run and not planned.unchanged:
                keycloak_plan.keep(connection, planned)
            if as_json:
                _print_json(connection, planned, dry_run)
            else:
                _print(connection, planned, past)
            # Rolls back what was not committed.
    if not as_json:
        click.echo(_outcome(planned, dry_run))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        step = f"`akako keycloak inspect PATH --write-map {path}` writes a map to fill in."
        raise click.ClickException(f"The map {path} cannot be read: {reason}. {step}") from None


def _print_json(connection: Connection, planned: Planned, dry_run: bool) -> None:
    output.page_as_json(
        map(keycloak_report.PlannedUser, keycloak_report.everyone(connection, planned.run.id)),
        None,
        dry_run=dry_run,
        stored=not dry_run and not planned.unchanged,
        run=keycloak_report.run_as_json(planned.run),
        fates=keycloak_plans.totals(connection, planned.run.id),
        differences=None if planned.differences is None else dict(planned.differences),
        changes=dict(planned.changes),
    )


def _print(connection: Connection, planned: Planned, past: History | None) -> None:
    run = planned.run
    keycloak_report.summary(connection, run)
    if past:
        keycloak_report.past(past)
    for fate in (Fate.REFUSED, Fate.SKIPPED):
        found = keycloak_plans.users(connection, run.id, SHOWN + 1, fate=fate)
        if found:
            keycloak_report.users(f"Users {fate}", found[:SHOWN])
        if len(found) > SHOWN:
            click.echo(f"There are more. `akako keycloak show RUN --fate {fate}` lists all of a stored plan.", err=True)
    if planned.differences and run.previous_id:
        different = keycloak_differences.page(connection, run.previous_id, run.id, SHOWN)
        keycloak_report.differences(different)
        counts = ", ".join(f"{users:,} {kind}" for kind, users in planned.differences.items())
        click.echo(
            f"Differences from plan {run.previous_id}: {counts}. Of those, {len(different)} are listed.", err=True
        )
    if planned.changes:
        keycloak_report.changes(planned.changes)


def _outcome(planned: Planned, dry_run: bool) -> str:
    run = planned.run
    if planned.unchanged:
        return f"Plan {run.previous_id} says the same, so no new plan was stored."
    if dry_run:
        return "Dry run: the plan was not stored."
    return f"Stored as plan {run.id}. `akako keycloak show {run.id}` shows it."
