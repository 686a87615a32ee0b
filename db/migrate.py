"""Migrates the database schema, and sets the privileges of the application's role."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event

from akako_guard.database import engine
from akako_guard.database.session_settings import SETTINGS
from db import grants, relocation, schema, triggers
from db.grants import Say
from db.revisions import MIGRATIONS
from db.schema import MigrationRefused

# Per transaction: behind a pooler, session settings would remain on the connection for other clients.
_SETTINGS = "select " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in SETTINGS.items()
)


class NotUtf8(MigrationRefused):
    """The database encoding is not UTF-8, so it cannot store every name. Create a database with `encoding 'UTF8'`."""


def ignore_message(_: str) -> None:
    """Discard a message for the operator."""


def upgrade(owner_url: str, application_url: str, to: str = "head", say: Say = ignore_message) -> list[str]:
    """Apply the missing migrations as the owner; returns their names in order. Raises MigrationRefused.

    An installation in the schema `public`, where earlier versions created it, is first moved to `akako`. If the URLs
    name different roles, the role of the application is created if it is missing and gets the required privileges. It
    owns nothing, so it can neither change the audit trail nor disable its triggers. Triggers that were disabled for a
    restore or a logical subscription are enabled again. `say` receives messages about non-fatal problems.
    """
    with _exclusive(owner_url) as guard:
        with _connected(owner_url) as connection:
            if relocation.move_to_akako(connection):
                say("The tables were moved from the schema public to akako. Restart every process of Akako Sync.")
        with _alembic(owner_url, guard, say) as (config, alembic):
            before = _context(alembic).get_current_revision()
            command.upgrade(config, to)
            applied = [
                str(script.doc)
                for script in ScriptDirectory.from_config(config).iterate_revisions(to, before or "base")
                if script.revision != before
            ]
            alembic.commit()
        if to == "head":
            with _connected(owner_url) as connection:
                triggers.restore(connection, say)
                grants.grant(connection, application_url, say)
    return applied[::-1]


def downgrade(owner_url: str, to: str) -> None:
    """Revert migrations as the owner, down to revision `to` (`base` for all). Raises MigrationRefused.

    Below 0012, the installation is moved back to the schema `public`, where those versions expect it.
    """
    to_public = to == "base" or to < relocation.FIRST_IN_AKAKO
    with _exclusive(owner_url) as guard, _connected(owner_url) as connection:
        relocation.move_to_akako(connection)
        if to_public:
            with connection.transaction():
                relocation.check_public_is_free(connection)
            grants.reset_settings(connection)
        with _alembic(owner_url, guard) as (config, alembic):
            command.downgrade(config, to)
            alembic.commit()
        if to_public:
            relocation.move_to_public(connection)
            schema.drop_if_empty(guard)


@contextmanager
def _connected(owner_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the owner in autocommit mode; the caller manages transactions."""
    timeout = engine.CONNECT_TIMEOUT_SECONDS
    with psycopg.connect(owner_url, connect_timeout=timeout, autocommit=True, prepare_threshold=None) as connection:
        yield connection


@contextmanager
def _exclusive(owner_url: str) -> Iterator[psycopg.Connection]:
    """Block other migrations of this database during the block, across any number of commits.

    Holds a table lock in an open transaction on a separate connection. Only the owner can take this lock.
    """
    with _connected(owner_url) as guard:
        if guard.info.parameter_status("server_encoding") != "UTF8":
            raise NotUtf8(NotUtf8.__doc__)
        while True:
            schema.prepare(guard)
            try:
                guard.execute("begin")
                schema.lock(guard)
                break
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                guard.execute("rollback")  # a concurrent downgrade dropped it
        yield guard
        guard.execute("commit")


@contextmanager
def _alembic(
    owner_url: str, guard: psycopg.Connection, say: Say = ignore_message
) -> Iterator[tuple[Config, Connection]]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    pool = engine.connect(owner_url, "migrate", connections=1, statement_seconds=0)
    event.listen(pool, "begin", lambda connection: connection.exec_driver_sql(_SETTINGS))
    try:
        with pool.connect() as connection:
            config.attributes |= {"connection": connection, "guard": guard, "say": say}
            yield config, connection
    finally:
        pool.dispose()


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table_schema": "akako"})
