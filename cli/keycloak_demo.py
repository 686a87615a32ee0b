"""`akako keycloak demo`: moves an invented school from Keycloak to a Clerk for development."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from clerk.http import ClerkUnavailable
from cli import output
from dev import keycloak_move, report, signals, stack
from dev.expectations import Expectation
from dev.keycloak_move import Move
from dev.log_tail import tail

INTERRUPTED = 130


@click.command(epilog="\b\nExamples:\n  akako keycloak demo\n  akako keycloak demo --json")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def demo(as_json: bool) -> None:
    """Move an invented school to a Clerk for development, and show what happened.

    Starts PostgreSQL, Redis, a development Clerk and all processes in a temporary directory, and runs `inspect`,
    `plan`, `canary`, `import` and `parity`. Then the fate and the roles of every person are compared with the
    expectations, and the passwords are tried at Clerk. At last `cutover` ends the move, and `undo` takes it back. Uses
    no other server, and leaves nothing.

    Exit code 0 only if every expectation holds.
    """
    began = time.monotonic()
    try:
        with signals.interruptible(), tempfile.TemporaryDirectory(prefix="akako-") as directory:
            move = _run(Path(directory))
    except KeyboardInterrupt:
        click.echo("Interrupted; all processes were stopped.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(0 if _show(move, time.monotonic() - began, as_json) else 1)


def _run(directory: Path) -> Move:
    """Move the school with a spinner on a terminal. Raises ClickException with the end of the log if it fails."""
    with (
        Console(stderr=True).status("") as spinner,
        stack.build(directory, spinner.update, configured=False) as built,
    ):
        try:
            return keycloak_move.run(built, directory, spinner.update)
        except (DBAPIError, ClerkUnavailable, subprocess.TimeoutExpired) as error:
            raise click.ClickException(f"{error}\nEnd of the processes' log:\n{tail(built.log)}") from error


def _show(move: Move, seconds: float, as_json: bool) -> bool:
    """Print what happened, and return whether every expectation holds."""
    checked = keycloak_move.check(move)
    ok = all(each.holds for each in checked)
    if as_json:
        click.echo(json.dumps(_document(move, checked, ok, seconds), indent=2))
        return ok
    output.table("Commands", ("Command", "Exit code"), ((str(each), str(each.code)) for each in move.commands))
    for command in move.commands:
        if command.code:
            click.echo(f"{command}:\n{command.complaint}", err=True)
    output.table(
        "Persons",
        ("Name", "Fate", "Reasons", "Password at Clerk", "Roles (UTC)"),
        keycloak_move.summary(move),
    )
    report.console().print(*report.summary(checked), sep="\n")
    click.echo(f"Took {seconds:.0f} seconds.")
    return ok


def _document(move: Move, checked: list[Expectation], ok: bool, seconds: float) -> dict[str, object]:
    names = ("name", "fate", "reasons", "password", "roles")
    return {
        "ok": ok,
        "seconds": round(seconds, 1),
        "expectations": [asdict(each) for each in checked],
        "commands": [
            {"command": str(each), "exit_code": each.code, "stderr": each.complaint if each.code else ""}
            for each in move.commands
        ],
        "persons": [dict(zip(names, row, strict=True)) for row in keycloak_move.summary(move)],
    }
