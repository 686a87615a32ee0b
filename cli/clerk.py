"""`akako clerk`: runs and drives the Clerk for development."""

import sys
from pathlib import Path
from typing import Any

import click

from cli import clerk_deliveries, clerk_faults, clerk_user_changes, clerk_users
from cli.clerk_connection import ask, options, print_json
from cli.clerk_user_changes import OBJECT

LAST_PORT = 65_535


@click.group()
def clerk() -> None:
    """Drive the development Clerk: users, sign-ins, deliveries, faults.

    `akako up` runs it, unless CLERK_SECRET_KEY names a real instance. These commands change nothing at a real Clerk.
    """


@clerk.command(
    epilog="""\b
    Examples:
      akako clerk run
      akako clerk run --port 9002 --data .local --webhook-url http://127.0.0.1:8000/webhooks/clerk
    """
)
@click.option("--port", default=8_002, show_default=True, type=click.IntRange(1, LAST_PORT))
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Directory. [default: in memory]")
@click.option("--webhook-url", help="The receiver that events are delivered to.")
@click.option("--unlimited", is_flag=True, help="Without rate limits and quota.")
def run(port: int, data: Path | None, webhook_url: str | None, unlimited: bool) -> None:
    """Run a development Clerk in the foreground, without anything else.

    Signs deliveries with CLERK_WEBHOOK_SIGNING_SECRET, or a new secret.
    """
    from dev.clerk.__main__ import main

    arguments = ["--port", str(port), *(["--data", str(data)] if data else []), *(["--unlimited"] if unlimited else [])]
    sys.exit(main([*arguments, *(["--webhook-url", webhook_url] if webhook_url else [])], standalone_mode=False))


@clerk.command(epilog="\b\nExamples:\n  akako clerk status --json")
@options
def status(as_json: bool) -> None:
    """Show the instance: its keys, its endpoint, what it holds."""
    found = ask("GET", "/status")
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name:<18} {value}")


@clerk.command(
    epilog="""\b
    Examples:
      akako clerk claims '{"roles": "{{user.public_metadata.roles}}"}'
    """
)
@click.argument("template", type=OBJECT)
@options
def claims(template: dict[str, Any], as_json: bool) -> None:  # noqa: ARG001 - the answer is JSON either way
    """Set the custom claims of session tokens."""
    print_json(ask("PUT", "/claims", {"template": template}))


for command in (
    clerk_users.list_,
    clerk_users.show,
    clerk_user_changes.create,
    clerk_user_changes.update,
    clerk_users.ban,
    clerk_users.unban,
    clerk_users.delete,
    clerk_users.sign_in,
    clerk_users.sign_out,
    clerk_deliveries.deliveries,
    clerk_deliveries.redeliver,
    clerk_deliveries.advance,
    clerk_deliveries.endpoint,
    clerk_deliveries.rotate,
    clerk_faults.faults,
):
    clerk.add_command(command)
