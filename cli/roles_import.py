"""`akako roles import`: adds roles that another system has recorded, from a file."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Engine

from cli import output, progress
from cli.connection import author, author_options, owner
from cli.times import formatted
from db.audit import Author
from dev import signals
from dev.terminal import escape
from roles import importing, role_file
from roles.importing import Decision, Imported, Outcome, Who
from roles.role_file import Format, InvalidFile, InvalidLine, RoleLine

LOCK_SECONDS = 30
MOST_REFUSED = 100
"""Refused lines that are printed."""
FORMATS = {".csv": Format.CSV, ".jsonl": Format.JSON_LINES, ".ndjson": Format.JSON_LINES}
PAST = "The file has windows in the past, which only the owner of the tables may add."


class _Undone(Exception):
    """Nothing is written: a dry run, or a line was refused."""


@click.command(
    "import",
    epilog="""\b
    Examples:
      akako roles import roles.csv --dry-run --reason "Moved from the old LMS."
      akako roles import roles.csv --reason "Moved from the old LMS."
      akako roles import roles.jsonl --who external-id --partial --reason "Moved from the old LMS."

    \b
    roles.csv:
      who,role,from,until,by,why
      user_2abc,MENTOR,2024-02-01T00:00:00Z,2025-02-01T00:00:00Z,grace,Course 12
    """,
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--who",
    type=click.Choice([each.value for each in Who]),
    default=Who.CLERK_ID.value,
    show_default=True,
    help="What the column `who` contains.",
)
@click.option(
    "--format", "form", type=click.Choice([each.value for each in Format]), help="[default: by the name of the file]"
)
@click.option("--dry-run", is_flag=True, help="Show what would become of each line, without writing anything.")
@click.option("--partial", is_flag=True, help="Add what can be added, in sets, even if lines are refused.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@author_options
def import_(
    file: Path, who: str, form: str | None, dry_run: bool, partial: bool, as_json: bool, by: str | None, reason: str
) -> None:
    """Add roles from a file: CSV with a header, or JSON lines.

    Fields: `who`, `role`, and if known `from`, `until` (times with a zone), `by` and `why`. Windows may be in the past;
    they are marked as imported, and an answer about what was so at that time does not change. A role that the user
    holds at that time already is left as it is, so a file can be imported again.

    All lines are added, or none. With --partial, the lines that are refused are left out, and after an interruption
    the same command continues. Exit code 1 if a line was refused.
    """
    lines = _opened(file, form)
    signature = replace(author(by, reason), cause=f"import_{_digest(file)}")
    result, refused = Imported(), list[Decision]()
    decisions = list[Decision]() if dry_run else None

    def run(connection: Connection, part: list[RoleLine | InvalidLine]) -> None:
        decided, now = importing.add(connection, part, Who(who), signature)
        result.note(decided, now)
        refused.extend(each for each in decided if each.outcome is Outcome.REFUSED)
        if decisions is not None:
            decisions.extend(decided)

    with owner(PAST, "user_roles_past_stays", lock_seconds=LOCK_SECONDS) as pool, signals.interruptible():
        total = _count(file)
        _run(pool, lines, run, total=total, partial=partial and not dry_run, keeps=lambda: not dry_run and not refused)
    _print(result, refused, decisions, signature, written=not dry_run and (partial or not refused), as_json=as_json)
    sys.exit(1 if refused else 0)


def _opened(file: Path, form: str | None) -> Iterator[RoleLine | InvalidLine]:
    if not file.is_file():
        raise click.ClickException(f"{file} is not a file. Give the path of a file with roles.")
    known = form or FORMATS.get(file.suffix.lower())
    if known is None:
        raise click.UsageError("Give --format csv or jsonl: the name of the file does not tell.")
    return _lines(file, Format(known))


def _lines(file: Path, form: Format) -> Iterator[RoleLine | InvalidLine]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            yield from role_file.read(opened, form)
    except InvalidFile as error:
        raise click.ClickException(escape(f"{file}: {error}. Nothing of it was added in this run.")) from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not text in UTF-8.") from error


def _count(file: Path) -> int:
    """About how many lines the file has."""
    with file.open("rb") as opened:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(1 << 20), b""))


def _digest(file: Path) -> str:
    """The first twelve hexadecimal digits of the SHA-256 digest of the file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:12]


def _run(
    pool: Engine,
    lines: Iterator[RoleLine | InvalidLine],
    run: Callable[[Connection, list[RoleLine | InvalidLine]], None],
    *,
    total: int,
    partial: bool,
    keeps: Callable[[], bool],
) -> None:
    """Import all sets in one transaction, or each in its own."""
    with progress.bar("importing", total) as advance:
        try:
            if partial:
                for part in importing.sets(lines):
                    with pool.begin() as connection:
                        run(connection, part)
                    advance(len(part))
                return
            with suppress(_Undone), pool.begin() as connection:
                for part in importing.sets(lines):
                    run(connection, part)
                    advance(len(part))
                if not keeps():
                    raise _Undone
        except KeyboardInterrupt:
            kept = "What was added stays; run the same command to continue." if partial else "Nothing was added."
            click.echo(f"Interrupted. {kept}", err=True)
            sys.exit(130)


def _print(
    result: Imported,
    refused: list[Decision],
    decisions: list[Decision] | None,
    signature: Author,
    *,
    written: bool,
    as_json: bool,
) -> None:
    counts = {outcome.value: result.counts[outcome] for outcome in Outcome}
    if as_json:
        found: dict[str, Any] = {
            "written": written,
            **counts,
            "in_the_past": result.in_the_past,
            "cause": signature.cause,
            "refused_lines": [{"line": each.number, "why": each.why} for each in refused[:MOST_REFUSED]],
        }
        if decisions is not None:
            found["lines"] = [_as_dict(each) for each in decisions]
        click.echo(escape(json.dumps(found, indent=2)))
        return
    if decisions is not None:
        output.table(
            "Lines", ("Line", "Outcome", "User", "Role", "From (UTC)", "Until (UTC)", "Why"), map(_row, decisions)
        )
    for each in refused[:MOST_REFUSED]:
        click.echo(escape(f"line {each.number}: {each.why}"), err=True)
    if len(refused) > MOST_REFUSED:
        click.echo(f"... and {len(refused) - MOST_REFUSED:,} more lines were refused", err=True)
    verb = "Added" if written else "Nothing was written. To be added"
    click.echo(
        f"{verb}: {counts['added']:,}, of them {result.in_the_past:,} that begin in the past. Held already:"
        f" {counts['present']:,}. Refused: {counts['refused']:,}."
    )
    if written and counts["added"]:
        click.echo(f"The lines of the audit trail have the cause {signature.cause}.")
    if refused and not written:
        click.echo("Correct the refused lines, or add the others with --partial.")


def _row(decision: Decision) -> tuple[str, ...]:
    return (
        str(decision.number),
        decision.outcome.value,
        decision.clerk_id or "",
        decision.role.value if decision.role else "",
        formatted(decision.start),
        formatted(decision.end),
        decision.why,
    )


def _as_dict(decision: Decision) -> dict[str, object]:
    return {
        "line": decision.number,
        "outcome": decision.outcome.value,
        "user": decision.clerk_id,
        "role": decision.role and decision.role.value,
        "from": formatted(decision.start) or None,
        "until": formatted(decision.end) or None,
        "why": decision.why,
    }
