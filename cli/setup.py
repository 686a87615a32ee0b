"""`akako setup`: a first day in one command, step by step; can be repeated at any time."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from cli.backfill import import_users
from cli.clerk_backend import backend
from cli.connection import BY, author, database
from cli.setup_steps import FAILED, MARKS, Installation, Step
from config import logs
from config.settings import SetupSettings, load
from dev import signals

WAIT_SECONDS = 300
EPILOG = """\b
Examples:
  akako setup --url https://hooks.example.com/webhooks/clerk
  akako setup --url https://hooks.example.com/webhooks/clerk --admin user_2abc --wait 0
  akako setup --url https://hooks.example.com/webhooks/clerk --claims on --json
"""
ASK_FOR_CLAIMS = "Shall session tokens carry the roles, for menus and pages? This writes to Clerk"


@click.command(epilog=EPILOG)
@click.option("--url", help="The public URL of the receiver's endpoint, which is to be entered at Clerk.")
@click.option("--admin", "admin_id", help="Clerk id of the user that becomes the first ADMIN. [default: asked]")
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait for a first delivery; 0 does not wait.",
)
@click.option(
    "--claims",
    type=click.Choice(["on", "off"]),
    envvar="CLAIMS",
    help="Whether the roles of users are written to Clerk, for session tokens; never turned off. [default: asked]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per step and line.")
@BY
def setup(url: str | None, admin_id: str | None, wait: int, claims: str | None, as_json: bool, by: str | None) -> None:
    """Prepare an installation: database, Clerk instance, webhook, users, first ADMIN, roles in tokens.

    Each step is shown with ✓, or with ✗ and what to do; the command ends at the first ✗. Run it again afterwards: what
    is done already is not done twice. All settings are those of the processes; see docs/reference/settings.md.

    Exit code 0 if all steps are done, 1 otherwise.
    """
    settings = load(SetupSettings)
    logs.configure("setup", stream=sys.stderr)
    asks = not as_json and sys.stdin.isatty()
    with database() as engine, backend(settings) as client, signals.interruptible():
        installation = Installation(engine, client, settings, author(by, "Set up by `akako setup`."))
        try:
            failed = _show(
                installation.steps(
                    url,
                    wait,
                    lambda: import_users(engine, client, settings),
                    lambda: admin_id or (_ask_for_admin() if asks else None),
                    claims,
                    lambda: asks and click.confirm(ASK_FOR_CLAIMS, default=False),
                ),
                as_json,
            )
        except KeyboardInterrupt:
            click.echo("Interrupted. Run `akako setup` again to continue.", err=True)
            sys.exit(130)
    if not failed and not as_json:
        click.echo("The installation is ready. `akako status` shows its health.")
    sys.exit(1 if failed else 0)


def _show(steps: Iterator[Step], as_json: bool) -> bool:
    """Print each step when it ends; returns whether one failed."""
    failed = False
    for step in steps:
        failed = failed or step.state == FAILED
        if as_json:
            click.echo(json.dumps(asdict(step)))
            continue
        click.echo(f"{MARKS[step.state]} {step.name}: {step.text}")
        for line in step.next_step.splitlines():
            click.echo(f"    {line}")
    return failed


def _ask_for_admin() -> str:
    answer: str = click.prompt("Clerk id of the first ADMIN (user_..., empty to skip)", default="", show_default=False)
    return answer.strip()
