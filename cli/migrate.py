"""`akako migrate`: bring the database to the tables of this version."""

import json

import click

from config.settings import MigrationSettings, load
from db.pooler import TransactionPooler
from dev.migration import apply


@click.command(
    epilog="""\b
    Examples:
      akako migrate
      DATABASE_OWNER_URL=postgresql://owner:...@db/akako akako migrate --json
    """
)
@click.option("--json", "as_json", is_flag=True, help="Print what was applied as JSON.")
def migrate(as_json: bool) -> None:
    """Apply pending database migrations.

    Connects as DATABASE_OWNER_URL, or as DATABASE_URL where that is not set. If the two name different roles, the
    role of DATABASE_URL is made where it is missing, and granted what the application needs and no more.

    Everything is in the schema `akako`, in which only the owner may create objects; tables that an earlier version
    made in `public` are moved there. Both URLs must lead to PostgreSQL itself, not to a pooler.
    """
    settings = load(MigrationSettings)
    owner = settings.database_owner_url
    if owner is None and settings.database_pooler == "transaction":
        raise click.ClickException(str(TransactionPooler()))
    applied = apply(settings.database_url.get_secret_value(), owner.get_secret_value() if owner else None)
    if as_json:
        click.echo(json.dumps({"applied": applied}))
    else:
        click.echo("\n".join(f"applied: {name}" for name in applied) or "Nothing to do: every migration is applied.")
