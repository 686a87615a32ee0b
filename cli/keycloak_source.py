"""Options, messages and progress of the commands that read an export of Keycloak, or its database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import psycopg

from cli.progress import bar
from config.settings import KeycloakSettings, load
from db import keycloak_source
from db.keycloak_source import KeycloakDatabase
from dev.terminal import escape
from keycloak import export, history, inspection
from keycloak.history import History
from keycloak.inspection import Inspection
from keycloak.realm_source import RealmSource
from keycloak.refusal import ExportRefused

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.argument("path", type=click.Path(path_type=Path), required=False)
DATABASE = click.option(
    "--database", "from_database", is_flag=True, help="Read Keycloak's database, KEYCLOAK_DATABASE_URL, without PATH."
)


def source_options(command: Command) -> Command:
    """Add the argument PATH and the options --database, --realm and --expect."""
    realm = click.option("--realm", "realm_name", metavar="NAME", help="The realm, if there are several.")
    expect = click.option("--expect", type=click.IntRange(1), help="Refuse if there are fewer persons.")
    return PATH(DATABASE(realm(expect(command))))


@contextmanager
def refusals() -> Iterator[None]:
    """End the command with the message of a refusal, of a file that cannot be read, or of Keycloak's database."""
    try:
        yield
    except ExportRefused as refusal:
        raise click.ClickException(escape(str(refusal))) from None
    except OSError as error:
        raise click.ClickException(escape(f"{error.filename}: {error.strerror}")) from None
    except psycopg.Error as error:
        step = "Check KEYCLOAK_DATABASE_URL, and run the command again."
        raise click.ClickException(escape(f"Keycloak's database: {str(error).strip()}\n{step}")) from None


@contextmanager
def opened(path: Path | None, realm_name: str | None, *, from_database: bool) -> Iterator[RealmSource]:
    """The export, or with `from_database` Keycloak's database.

    Raises UsageError, ExportRefused, OSError or psycopg.Error.
    """
    if from_database == (path is not None):
        raise click.UsageError("Give either the PATH of an export, or --database.")
    if path is not None:
        size = sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
        with bar("reading the realm", size) as advance:
            found = export.open_export(path, realm_name, advance)
        yield found
        return
    settings = load(KeycloakSettings)
    url, schema = settings.keycloak_database_url.get_secret_value(), settings.keycloak_database_schema
    with keycloak_source.snapshot(url, schema) as connection:
        yield keycloak_source.open_realm(connection, schema, realm_name)


def inspected(source: RealmSource) -> Inspection:
    """Read every user once, with a progress bar. Raises ExportRefused, OSError or psycopg.Error."""
    with bar("reading users", source.size) as advance:
        return inspection.inspect(source, advance)


def past_of_roles(source: RealmSource, events: Path | None) -> History | None:
    """The admin events of the file, or else of Keycloak's database; None for an export without a file."""
    if events:
        return history.read(events, source.realm)
    return source.history() if isinstance(source, KeycloakDatabase) else None
