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
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection

from db import engine

MIGRATIONS = Path(__file__).with_name("migrations")
# Of our own choosing: it keeps two that migrate at once apart.
LOCK = 7_240_001

# What identifies a row, what was signed and what was written down is not for the application to change.
GRANTS = (
    "revoke all on users, user_roles, webhook_events, audit_log, heartbeats, alembic_version from {role}",
    "grant usage on schema public to {role}",
    "grant select, insert on users, user_roles, webhook_events to {role}",
    "grant update (claimed_email, email, first_name, last_name, username, image_url, external_id, banned,"
    " clerk_created_at, clerk_updated_at, deleted_at, updated_at) on users to {role}",
    "grant update (effective_end_date, end_reason, admin_notes, is_active, updated_at) on user_roles to {role}",
    "grant update (status, attempts, next_attempt_at, last_error, applied_at, body) on webhook_events to {role}",
    "grant select on audit_log, alembic_version to {role}",
    "grant execute on function akako_note_events(text, text[]) to {role}",
    "grant execute on function akako_note_refused(text, text[], text) to {role}",
    "grant select, insert on heartbeats to {role}",
    "grant update (moved_at, seen_at) on heartbeats to {role}",
)


class NotUtf8(Exception):
    """The database does not store text as UTF-8, so it cannot hold every name. Make one with `encoding 'UTF8'`."""


def upgrade(owner_url: str, application_url: str, to: str = "head") -> list[str]:
    """Apply what is missing, as the owner; the names of the migrations applied, first to last.

    If the URLs name different roles, the application's role is made if it is missing and granted what it needs, so
    that it owns nothing: it can neither change the audit trail nor switch off what writes it.
    """
    _check_encoding(owner_url)
    with _alembic(owner_url) as (config, connection):
        before = MigrationContext.configure(connection).get_current_revision()
        command.upgrade(config, to)
        applied = [
            str(script.doc)
            for script in ScriptDirectory.from_config(config).iterate_revisions(to, before or "base")
            if script.revision != before
        ]
        connection.commit()
    if to == "head":
        _admit(owner_url, application_url)
    return applied[::-1]


def downgrade(owner_url: str, to: str) -> None:
    """Take migrations back, as the owner, until revision `to` (`base` for none)."""
    with _alembic(owner_url) as (config, connection):
        command.downgrade(config, to)
        connection.commit()


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


def _check_encoding(owner_url: str) -> None:
    with psycopg.connect(owner_url, connect_timeout=engine.CONNECT_TIMEOUT_SECONDS) as connection:
        encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotUtf8(NotUtf8.__doc__)


@contextmanager
def _alembic(owner_url: str) -> Iterator[tuple[Config, Connection]]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    pool = engine.connect(owner_url, "migrate", connections=1, statement_seconds=0)
    try:
        with pool.connect() as connection:
            connection.exec_driver_sql("select pg_advisory_lock(%s)", (LOCK,))
            connection.commit()
            config.attributes["connection"] = connection
            yield config, connection
    finally:
        pool.dispose()


def _admit(owner_url: str, application_url: str) -> None:
    """Make the application's role, if the two differ and it is missing, and grant it what it needs."""
    owner, application = conninfo_to_dict(owner_url), conninfo_to_dict(application_url)
    role = str(application.get("user") or "")
    if not role or role == owner.get("user"):
        return
    with psycopg.connect(owner_url, connect_timeout=engine.CONNECT_TIMEOUT_SECONDS) as connection:
        if not connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
            password = sql.Literal(application.get("password"))
            connection.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(role), password))
        for grant in GRANTS:
            connection.execute(sql.SQL(grant).format(role=sql.Identifier(role)))
