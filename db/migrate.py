"""Brings a database to the tables of this version, and gives the application's role what it needs and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event

from db import engine, grants, relocation, schema
from db.grants import Say
from db.schema import MigrationRefused
from db.session import SETTINGS

MIGRATIONS = Path(__file__).with_name("migrations")

# For one transaction only: behind a pooler, what a session sets stays on the connection for other clients.
_SETTINGS = "select " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in SETTINGS.items()
)


class NotUtf8(MigrationRefused):
    """The database does not store text as UTF-8, so it cannot hold every name. Make one with `encoding 'UTF8'`."""


def ignore_message(_: str) -> None:
    """Drops what would be said to the operator."""


def upgrade(owner_url: str, application_url: str, to: str = "head", say: Say = ignore_message) -> list[str]:
    """Apply what is missing, as the owner; the names of the migrations applied, first to last. Raises Refused.

    An installation in the schema `public`, where earlier versions made it, is moved to `akako` first. If the URLs name
    different roles, the application's role is made if it is missing and granted what it needs, so that it owns
    nothing: it can neither change the audit trail nor switch off what writes it. `say` receives what could not be done
    and does not keep anything from working.
    """
    with _alone(owner_url) as guard:
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
                grants.grant(connection, application_url, say)
    return applied[::-1]


def downgrade(owner_url: str, to: str) -> None:
    """Take migrations back, as the owner, until revision `to` (`base` for none). Raises Refused.

    Below 0012 everything is moved back to the schema `public`, so that the version which made it finds it there.
    """
    to_public = to == "base" or to < relocation.FIRST_IN_AKAKO
    with _alone(owner_url) as guard, _connected(owner_url) as connection:
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


@cache
def missing(revision: str | None) -> tuple[str, ...]:
    """The names of the migrations that a database at this revision lacks, first to last.

    None is missing from one that this version does not know: it was migrated for a newer one, which may be on its way.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]
    known = [script.revision for script in scripts]
    if revision is not None and revision not in known:
        return ()
    return tuple(str(script.doc) for script in scripts[known.index(revision) + 1 if revision else 0 :])


@contextmanager
def _connected(owner_url: str) -> Iterator[psycopg.Connection]:
    """A connection of the owner's on which each transaction is opened and ended by whoever uses it."""
    timeout = engine.CONNECT_TIMEOUT_SECONDS
    with psycopg.connect(owner_url, connect_timeout=timeout, autocommit=True, prepare_threshold=None) as connection:
        yield connection


@contextmanager
def _alone(owner_url: str) -> Iterator[psycopg.Connection]:
    """A transaction that keeps other migrations of this database waiting, for as many as others commit meanwhile.

    It is a connection of its own and holds the lock of a table, which ends with it and which only the owner can take.
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
                guard.execute("rollback")  # a downgrade just dropped it
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
