"""Migrates a database, and explains what PostgreSQL refused."""

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from db import pooler
from db.migrate import upgrade
from db.pooler import TransactionPooler
from db.schema import MigrationRefused
from dev.terminal import escape


def apply(application_url: str, owner_url: str | None) -> list[str]:
    """Migrate, as the owner if there is one; what was applied. Raises ClickException where PostgreSQL says no."""
    try:
        pooler.refuse(owner_url or application_url)
        return upgrade(owner_url or application_url, application_url, say=lambda said: click.echo(said, err=True))
    except (MigrationRefused, TransactionPooler) as error:
        raise click.ClickException(str(error)) from error
    except (DBAPIError, psycopg.Error) as error:
        raise click.ClickException(_advice(error, "DATABASE_OWNER_URL" if owner_url else "DATABASE_URL")) from error


def _advice(error: Exception, variable: str) -> str:
    cause = getattr(error, "orig", error)
    said = escape(str(cause).strip())
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return f"PostgreSQL did not allow it: {said}\nLet {variable} name the role that owns the tables."
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:  # the server said nothing
        return f"PostgreSQL cannot be reached: {said}\nIs {variable} right, and does the server run?"
    return f"PostgreSQL refused a migration: {said}\nNothing of it was kept; the server's log says more."
