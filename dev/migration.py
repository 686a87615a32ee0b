"""Migrates a database, with messages for PostgreSQL's errors."""

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from akako_guard.database import pooler
from akako_guard.database.pooler import TransactionPooler
from db.migrate import upgrade
from db.schema import MigrationRefused
from dev.terminal import escape


def apply(application_url: str, owner_url: str | None) -> list[str]:
    """Migrate, as the owner if given, and return the applied migrations. Raises ClickException if it fails."""
    try:
        pooler.refuse(owner_url or application_url)
        return upgrade(owner_url or application_url, application_url, say=lambda line: click.echo(line, err=True))
    except (MigrationRefused, TransactionPooler) as error:
        raise click.ClickException(str(error)) from error
    except (DBAPIError, psycopg.Error) as error:
        raise click.ClickException(_advice(error, "DATABASE_OWNER_URL" if owner_url else "DATABASE_URL")) from error


def _advice(error: Exception, variable: str) -> str:
    cause = getattr(error, "orig", error)
    message = escape(str(cause).strip())
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return f"Permission denied by PostgreSQL: {message}\nSet {variable} to the role that owns the tables."
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:  # no answer from a server
        return f"PostgreSQL is unreachable: {message}\nCheck {variable}, and that the server is running."
    return f"A migration failed: {message}\nIt was rolled back; see the server's log for details."
