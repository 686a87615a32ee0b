"""`akako keycloak import`: creates the users of a plan at Clerk, with their passwords and roles."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import Engine

from clerk.backend import Backend
from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import backend
from cli.connection import BY, author, database, owner
from cli.keycloak_source import DATABASE, PATH, opened, refusals
from cli.progress import bar
from config import logs
from config.settings import BackfillSettings, load
from db import keycloak_changes, keycloak_imports, keycloak_plans
from db.audit import Author
from db.keycloak_imports import State
from db.keycloak_plans import Run
from dev import signals
from keycloak import mapping
from keycloak.realm_source import RealmSource
from reconcile import keycloak_authority, pinning, retry
from reconcile.keycloak_authority import ImportEnded
from reconcile.keycloak_import import Imported, Importer, QuotaExceeded
from reconcile.keycloak_update import Updates
from reconcile.pace import Pace, SharedPace

SHOWN = 20
"""Users that were not imported, that are printed as a table."""
ANSWER_SECONDS = 0.2
"""How long Clerk is assumed to take for a user: as many are worked on at the same time as the pace then allows."""
MOST_WORKERS = 20
CONTINUE = "Run the same command again to continue."
BEGUN = "Began the import from Keycloak."
OWNER = "Only the owner of the tables may begin an import, since it gives roles in the past."


@click.command(
    "import",
    epilog="""\b
    Examples:
      akako keycloak import 3 export/ --limit 10
      akako keycloak import 3 export/
      akako keycloak import 3 export/ --retry
      akako keycloak import 3 --database
    """,
)
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1), metavar="RUN")
@PATH
@DATABASE
@click.option("--limit", type=click.IntRange(1), help="Import at most this many users.")
@click.option("--retry", "retry_refused", is_flag=True, help="Try users again that were refused.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation with a live key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@BY
def import_(
    run_id: int,
    path: Path | None,
    from_database: bool,
    limit: int | None,
    retry_refused: bool,
    yes: bool,
    as_json: bool,
    by: str | None,
) -> None:
    """Create the users of the plan RUN at Clerk, and give them the planned roles in place of the default role.

    What a newer plan changes about users that were imported before is carried out, too: new and ended roles, new
    passwords of those who have not signed in at Clerk yet, and bans. What a person changed with us stays.

    PATH is the export that was planned, or --database: passwords and secrets are read from there again. An import can
    be interrupted at any point, and is continued by running the command again; no user is created twice.
    CLERK_REQUESTS_PER_SECOND sets the pace.

    Exit code 1 if a user or a change was refused, or a user has not got the planned roles, or is not in the export as
    planned.
    """
    settings = load(BackfillSettings)
    if settings.is_live and not yes:
        click.confirm("CLERK_SECRET_KEY is of a live instance. Create users in it?", abort=True)
    logs.configure("keycloak", stream=sys.stderr)
    workers = workers_at(settings.requests_per_second)
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with (
            refusals(),
            backend(settings, CONTINUE) as client,
            database(connections=workers, looks_up=True) as engine,
            signals.interruptible(),
        ):
            run = _importable(engine, run_id)
            pace = SharedPace(settings.requests_per_second)
            require = pinned(engine, client, pace, author(by, BEGUN))
            _begin(engine, run, by)
            importer = Importer(
                engine=engine,
                run=run,
                roles=mapping.parse(run.map),
                writer=writer,
                pace=pace,
                default_role=settings.default_role,
                before=require,
                retry_refused=retry_refused,
                workers=workers,
            )
            with opened(path, run.realm, from_database=from_database) as source:
                result = _import(importer, source, settings.requests_per_second, limit)
            complete = _show(engine, run, result, as_json)
    except ImportEnded:
        step = f"`akako keycloak runs` shows which. To delete what it has created, run `akako keycloak undo {run_id}`."
        raise click.ClickException(f"Plan {run_id} was undone, or the move ended, meanwhile. {step}") from None
    except QuotaExceeded:
        raise click.ClickException(f"The instance takes no more users. Raise its limit. {CONTINUE}") from None
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {CONTINUE}", err=True)
        sys.exit(130)
    finally:
        writer.close()
    sys.exit(0 if complete else 1)


def workers_at(per_second: float) -> int:
    """How many users are worked on at the same time at this pace."""
    return max(1, min(MOST_WORKERS, round(per_second * ANSWER_SECONDS)))


def latest_run(engine: Engine, run_id: int) -> Run:
    """The plan, which must be the latest of its realm. Raises ClickException."""
    with engine.connect() as connection:
        run = keycloak_plans.get(connection, run_id)
        latest = keycloak_plans.latest(connection, run.realm) if run else None
    if run is None:
        raise click.ClickException(f"There is no plan {run_id}. `akako keycloak runs` lists the plans.")
    if latest and latest.id != run.id:
        raise click.ClickException(f"Plan {latest.id} of this realm is newer. Import that one.")
    return run


def _importable(engine: Engine, run_id: int) -> Run:
    """The plan, unless it was undone, or the move has ended. Raises ClickException or RealmCutOver."""
    run = latest_run(engine, run_id)
    with engine.connect() as connection:
        keycloak_authority.require(connection, run.realm)
    if run.undo_started_at:
        raise click.ClickException(f"Plan {run.id} was undone. Plan again, and import the new plan.")
    return run


def pinned(engine: Engine, client: Backend, pace: Pace, by: Author | None) -> Callable[[], None]:
    """Pin the instance, if none is pinned and an author is given.

    Returns what refuses to go on when another one is pinned meanwhile.
    """
    instance = retry.ask(pace, client.instance)
    pinning.require(engine, instance, by)
    return lambda: pinning.check(engine, instance)


def _begin(engine: Engine, run: Run, by: str | None) -> None:
    with engine.connect() as connection:
        if keycloak_imports.has_begun(connection, run):
            return
    with owner(OWNER) as pool, pool.begin() as connection:
        keycloak_imports.begin(connection, run, author(by, BEGUN).actor)


def _import(importer: Importer, source: RealmSource, per_second: float, limit: int | None) -> Imported:
    with importer.engine.connect() as connection:
        totals = keycloak_imports.totals(connection, importer.run)
        changed = keycloak_changes.total(connection, importer.run)
    done = {State.APPLIED} if importer.retry_refused else {State.APPLIED, State.REFUSED}
    left = sum(users for state, users in totals.items() if state not in done) + changed
    left = min(left, limit or left)
    least = timedelta(seconds=round(left / per_second))
    click.echo(f"Importing {left:,} users; at {per_second:g} requests per second this takes {least} or more.", err=True)
    with bar("importing users", left) as advance:
        return importer.import_users(source.users(), sum(totals.values()), limit, advance)


def _show(engine: Engine, run: Run, result: Imported, as_json: bool) -> bool:
    """Print the result; whether every user has the planned roles, but for users above the limit."""
    with engine.connect() as connection:
        totals = keycloak_imports.totals(connection, run)
        unsuccessful = keycloak_imports.unsuccessful(connection, run, 100_000 if as_json else SHOWN + 1)
    if as_json:
        found = {
            "run": run.id,
            "worked_on": result.states,
            "states": totals,
            "unsuccessful": [
                {"keycloak_id": each, "state": state, "reason": reason} for each, state, reason in unsuccessful
            ],
            "changed": result.updates.counts,
            "kept": [asdict(each) for each in result.updates.kept],
            "not_changed": [asdict(each) for each in result.updates.failed],
            "differing": result.differing,
            "not_in_export": result.unseen,
        }
        click.echo(json.dumps(found, indent=2))
    else:
        output.table(
            "Users of the plan",
            ("State", "Users"),
            ((state, f"{totals[state]:,}") for state in State if state in totals),
        )
        if unsuccessful:
            output.table("Without the planned roles", ("User", "State", "Reason"), unsuccessful[:SHOWN])
        if len(unsuccessful) > SHOWN:
            click.echo("There are more. --json lists all.", err=True)
        _show_updates(result.updates)
    if result.differing:
        step = "Give the export that was planned, or plan this one."
        names = ", ".join(result.differing[:SHOWN])
        click.echo(f"{len(result.differing):,} users have other credentials in this export: {names}. {step}", err=True)
    if result.unseen:
        click.echo(f"{result.unseen:,} planned users are not in this export. Give the one that was planned.", err=True)
    return not (unsuccessful or result.differing or result.unseen or result.updates.failed)


def _show_updates(updates: Updates) -> None:
    if updates.users:
        counts = ((kind, f"{number:,}") for kind, number in sorted(updates.counts.items()) if number)
        output.table("Changes of users that were imported before", ("Kind", "Number"), counts)
    for title, found in (("Kept as it is", updates.kept), ("Not changed", updates.failed)):
        if found:
            rows = ((each.keycloak_id, each.kind, each.reason) for each in found[:SHOWN])
            output.table(title, ("User", "Kind", "Reason"), rows)
        if len(found) > SHOWN:
            click.echo("There are more. --json lists all.", err=True)
