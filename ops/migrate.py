"""`akako migrate`: bring the database to the tables of this version."""

import json

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from config.settings import MigrationSettings, load
from db import pooler
from db.migrate import upgrade
from db.pooler import TransactionPooler
from db.schema import Refused
from ops.terminal import shown


@click.command(
    epilog="""\b
    Examples:
      akako migrate
      DATABASE_OWNER_URL=postgresql://owner:...@db/akako akako migrate --json
    """
)
@click.option("--json", "as_json", is_flag=True, help="Print what was applied as JSON.")
def migrate(as_json: bool) -> None:
    """Apply the migrations that the database lacks.

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


def apply(application_url: str, owner_url: str | None) -> list[str]:
    """Migrate, as the owner if there is one; what was applied. Raises ClickException where PostgreSQL says no."""
    try:
        pooler.refuse(owner_url or application_url)
        return upgrade(owner_url or application_url, application_url, say=lambda said: click.echo(said, err=True))
    except (Refused, TransactionPooler) as error:
        raise click.ClickException(str(error)) from error
    except (DBAPIError, psycopg.Error) as error:
        raise click.ClickException(_advice(error, "DATABASE_OWNER_URL" if owner_url else "DATABASE_URL")) from error


def _advice(error: Exception, variable: str) -> str:
    cause = getattr(error, "orig", error)
    said = shown(str(cause).strip())
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return f"PostgreSQL did not allow it: {said}\nLet {variable} name the role that owns the tables."
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:  # the server said nothing
        return f"PostgreSQL cannot be reached: {said}\nIs {variable} right, and does the server run?"
    return f"PostgreSQL refused a migration: {said}\nNothing of it was kept; the server's log says more."
