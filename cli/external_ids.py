"""`akako users set-external-ids`: gives users at Clerk the ids that another system knows them by."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import click

from akako_guard.identifier import identifier
from clerk.text import whole
from clerk.user import LONGEST_EXTERNAL_ID
from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import backend
from cli.connection import BY, author, database
from cli.progress import bar
from config import logs
from config.settings import BackfillSettings, load
from dev import signals
from dev.terminal import escape
from reconcile import pinning, retry
from reconcile.external_ids import Decision, ExternalIds, Outcome, Wanted
from reconcile.pace import Pace

HEADER = ["clerk_id", "external_id"]
SHOWN = 100
"""Refused lines that are printed."""
CONTINUE = "Run the same command again to continue."
BEGUN = "Set external ids."


@click.command(
    "set-external-ids",
    epilog="""\b
    Examples:
      akako users set-external-ids ids.csv --dry-run
      akako users set-external-ids ids.csv

    \b
    ids.csv:
      clerk_id,external_id
      user_2abc,ckv1x2y3z0000
    """,
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would become of each line, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation with a live key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@BY
def set_external_ids(file: Path, dry_run: bool, yes: bool, as_json: bool, by: str | None) -> None:
    """Set the external ids of users at Clerk from FILE, CSV with the header `clerk_id,external_id`.

    A user who has another external id already keeps it, and the line is refused. CLERK_REQUESTS_PER_SECOND sets the
    pace; after an interruption the same command continues. Exit code 1 if a line was refused.
    """
    settings = load(BackfillSettings)
    wanted = list(_read(file))
    _check_repeats(file, wanted)
    if settings.is_live and not dry_run and not yes:
        click.confirm("CLERK_SECRET_KEY is of a live instance. Change users in it?", abort=True)
    logs.configure("external-ids", stream=sys.stderr)
    pace, decisions = Pace(settings.requests_per_second), list[Decision]()
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    try:
        with (
            backend(settings, CONTINUE) as client,
            database(looks_up=True) as engine,
            signals.interruptible(),
            bar("setting external ids", len(wanted)) as advance,
        ):
            instance = retry.ask(pace, client.instance)
            pinning.require(engine, instance, None if dry_run else author(by, BEGUN))
            ids = ExternalIds(
                engine=engine,
                backend=client,
                writer=writer,
                pace=pace,
                default_role=settings.default_role,
                cause=f"external_ids_{uuid4().hex[:12]}",
                before=lambda: pinning.require(engine, instance, None),
            )
            for decision in ids.set_all(wanted, dry_run=dry_run):
                decisions.append(decision)
                advance(1)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. What was set stays. {CONTINUE}", err=True)
        sys.exit(130)
    finally:
        writer.close()
    _print(decisions, dry_run=dry_run, as_json=as_json)
    sys.exit(1 if any(each.outcome is Outcome.REFUSED for each in decisions) else 0)


def _read(file: Path) -> Iterator[Wanted]:
    """The lines of the file. Raises ClickException at the first that cannot be read: nothing is set then."""
    if not file.is_file():
        raise click.ClickException(f"{file} is not a file. Give the path of a file with ids.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, strict=True)
            if next(reader, []) != HEADER:
                raise click.ClickException(f"{file}: the first line has to be {','.join(HEADER)}.")
            for values in reader:
                if values:
                    yield _wanted(file, reader.line_num, values)
    except (csv.Error, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} is not CSV in UTF-8: {error}. Nothing was changed.") from error


def _check_repeats(file: Path, wanted: list[Wanted]) -> None:
    """Raise ClickException if a user is in two lines."""
    first = dict[str, int]()
    for each in wanted:
        if first.setdefault(each.clerk_id, each.number) != each.number:
            raise click.ClickException(
                f"{file}: lines {first[each.clerk_id]} and {each.number} have the same user. Remove one; nothing was"
                " changed."
            )


def _wanted(file: Path, number: int, values: list[str]) -> Wanted:
    clerk_id, external_id = (values[0].strip(), values[1].strip()) if len(values) == len(HEADER) else ("", "")
    if identifier(clerk_id) is None or not external_id or whole(external_id, LONGEST_EXTERNAL_ID) != external_id:
        raise click.ClickException(
            f"{file}, line {number}: give a Clerk id and an external id of at most {LONGEST_EXTERNAL_ID:,} characters."
            " Nothing was changed."
        )
    return Wanted(number, clerk_id, external_id)


def _print(decisions: list[Decision], *, dry_run: bool, as_json: bool) -> None:
    counts = Counter(each.outcome for each in decisions)
    refused = [each for each in decisions if each.outcome is Outcome.REFUSED]
    if as_json:
        found = {
            "dry_run": dry_run,
            **{outcome.value: counts[outcome] for outcome in Outcome},
            "refused_lines": [
                {"line": each.wanted.number, "user": each.wanted.clerk_id, "why": each.why} for each in refused
            ],
        }
        click.echo(escape(json.dumps(found, indent=2)))
        return
    if refused:
        rows = ((str(each.wanted.number), each.wanted.clerk_id, each.why) for each in refused[:SHOWN])
        output.table("Refused", ("Line", "User", "Why"), rows)
    if len(refused) > SHOWN:
        click.echo(f"... and {len(refused) - SHOWN:,} more. --json lists all.", err=True)
    verb = "To be set" if dry_run else "Set"
    click.echo(f"{verb}: {counts[Outcome.SET]:,}. Set already: {counts[Outcome.PRESENT]:,}. Refused: {len(refused):,}.")
