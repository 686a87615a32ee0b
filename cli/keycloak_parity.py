"""`akako keycloak parity`: compares an export, Clerk and our tables after an import."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import backend
from cli.connection import database
from cli.keycloak_import import latest_run
from cli.keycloak_source import DATABASE, PATH, opened, refusals
from cli.progress import bar
from config.settings import BackfillSettings, load
from db import keycloak_plans
from dev import signals
from keycloak import mapping
from reconcile import pinning
from reconcile.keycloak_parity import Difference, Parity
from reconcile.pace import Pace
from reconcile.reading import Reader

SHOWN = 100
AGAIN = "Run the same command again."


@click.command(
    epilog="\b\nExamples:\n  akako keycloak parity 3 export/\n  akako keycloak parity 3 export/ --json",
)
@click.argument("run_id", type=click.IntRange(1, 2**63 - 1), metavar="RUN")
@PATH
@DATABASE
@click.option("--json", "as_json", is_flag=True, help="Print JSON with every difference.")
def parity(run_id: int, path: Path | None, from_database: bool, as_json: bool) -> None:
    """Compare the export in PATH, the users at Clerk and our tables after the import of the plan RUN.

    With --database, Keycloak's database is read in place of an export.

    Nothing is changed. Differences that later changes or the plan explain are shown, too. Passwords cannot be compared:
    `akako keycloak canary` tries each kind.

    Exit code 1 if a difference is not explained.
    """
    settings = load(BackfillSettings)
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with refusals(), backend(settings, AGAIN) as client, database() as engine, signals.interruptible():
            run = latest_run(engine, run_id)
            reader = Reader(engine, client, Pace(settings.requests_per_second), lambda: None)
            pinning.require(engine, reader.instance(), None)
            compared = Parity(engine=engine, run=run, roles=mapping.parse(run.map), writer=writer, reader=reader)
            with engine.connect() as connection:
                total = sum(keycloak_plans.totals(connection, run.id).values())
            with (
                opened(path, run.realm, from_database=from_database) as source,
                bar("comparing users", total) as advance,
            ):
                found = list(compared.differences(source.users(), advance))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        writer.close()
    unexplained = [each for each in found if not each.explained]
    if as_json:
        items = [asdict(each) for each in found]
        click.echo(
            json.dumps({"run": run.id, "users": total, "unexplained": len(unexplained), "items": items}, indent=2)
        )
    else:
        _print(found, total)
    sys.exit(1 if unexplained else 0)


def _print(found: list[Difference], total: int) -> None:
    counts = Counter((each.kind, each.explained) for each in found)
    output.table(
        "Differences",
        ("Kind", "Explained", "Number"),
        ((kind, "yes" if explained else "no", f"{number:,}") for (kind, explained), number in sorted(counts.items())),
    )
    shown = sorted(found, key=lambda each: (each.explained, each.keycloak_id))[:SHOWN]
    if shown:
        output.table(
            "Users",
            ("User", "Kind", "Explained", "Detail"),
            ((each.keycloak_id, each.kind, "yes" if each.explained else "no", each.detail) for each in shown),
        )
    if len(found) > SHOWN:
        click.echo("There are more. --json lists all.", err=True)
    click.echo(f"Compared {total:,} users of the plan.", err=True)
