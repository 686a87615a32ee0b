"""`akako migrate`: applies pending database migrations."""

import json

import click

from akako_guard.database.pooler import TransactionPooler
from config.settings import MigrationSettings, load
from dev.migration import apply


@click.command(
    epilog="""\b
    Examples:
      akako migrate
      DATABASE_OWNER_URL=postgresql://owner:...@db/akako akako migrate --json
    """
)
@click.option("--json", "as_json", is_flag=True, help="Print the applied migrations as JSON.")
def migrate(as_json: bool) -> None:
    """Apply pending database migrations.

    Connects to DATABASE_OWNER_URL, or to DATABASE_URL if that is not set. If the two use different roles, the role of
    DATABASE_URL is created if it does not exist, and granted only the privileges that the application needs.

    All objects are in the schema `akako`, in which only the owner may create objects; tables that an earlier version
    created in `public` are moved there. Both URLs must connect to PostgreSQL directly, not through a pooler.
    """
    settings = load(MigrationSettings)
    owner = settings.database_owner_url
    if owner is None and settings.database_pooler == "transaction":
        raise click.ClickException(str(TransactionPooler()))
    applied = apply(settings.database_url.get_secret_value(), owner.get_secret_value() if owner else None)
    if as_json:
        click.echo(json.dumps({"applied": applied}))
    else:
        click.echo("\n".join(f"applied: {name}" for name in applied) or "No pending migrations.")
