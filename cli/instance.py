"""`akako instance`: shows and pins the Clerk instance to which this installation belongs."""

import json

import click

from cli import output
from cli.clerk_backend import backend
from cli.connection import BY, author, author_options, database, transaction
from cli.times import formatted
from config.settings import BackendSettings, load
from db import audit, clerk_instance
from db.audit import AuditFilter
from reconcile import pinning

FIRST = "Pinned by `akako instance pin`."


@click.group()
def instance() -> None:
    """Show and pin the Clerk instance of this installation.

    Users are imported from, and compared with, the pinned instance only. Deliveries of another instance are parked.
    """


@instance.command(epilog="Example: akako instance show --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show the pinned instance, and who pinned it when.

    Exit code 1 if none is pinned.
    """
    with transaction() as connection:
        pinned = clerk_instance.read(connection)
        lines = audit.page(connection, AuditFilter(action="instance.pinned"), 100)
    if pinned is None:
        raise click.ClickException("No instance is pinned. Run `akako instance pin` with CLERK_SECRET_KEY set.")
    if as_json:
        changes = [
            {"at": line.at.isoformat(), "by": line.actor, "reason": line.reason, **(line.after or {})} for line in lines
        ]
        found = {"instance_id": pinned.instance_id, "environment": pinned.environment, "changes": changes}
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"Pinned to {pinned.instance_id} ({pinned.environment or 'environment unknown'}).")
    output.table(
        "Changes",
        ("At", "Instance", "By", "Reason"),
        ((formatted(line.at), (line.after or {}).get("instance_id"), line.actor, line.reason or "") for line in lines),
    )


@instance.command(epilog="Example: akako instance pin")
@BY
def pin(by: str | None) -> None:
    """Pin the instance of CLERK_SECRET_KEY, if none is pinned.

    Exit code 1 if another instance is pinned.
    """
    with backend(load(BackendSettings)) as client, database() as engine:
        found = client.instance()
        pinning.require(engine, found, author(by, FIRST))
    click.echo(f"Pinned to {found.id} ({found.environment or 'environment unknown'}).")


@instance.command(epilog='Example: akako instance repin --reason "Moved to a new production instance."')
@author_options
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def repin(by: str | None, reason: str, yes: bool) -> None:
    """Pin the instance of CLERK_SECRET_KEY in place of another.

    Users of the old instance stay stored; a walk finds those that the new instance does not have. Then replay the
    deliveries that were parked because they came from the new instance: `akako events replay --status parked`.
    """
    if not yes:
        click.confirm("Users of the old instance stay stored. Pin the instance of CLERK_SECRET_KEY?", abort=True)
    with backend(load(BackendSettings)) as client, database() as engine:
        found = client.instance()
        before = pinning.repin(engine, found, author(by, reason))
    was = f", in place of {before}" if before and before != found.id else ""
    click.echo(f"Pinned to {found.id} ({found.environment or 'environment unknown'}){was}.")


@instance.command(epilog="Example: akako instance webhooks")
def webhooks() -> None:
    """Print a link to Clerk's page of webhooks, which works once.

    The page shows the endpoints, whether Clerk disabled one, and each delivery with its attempts.
    """
    with backend(load(BackendSettings)) as client:
        click.echo(client.webhook_page())
