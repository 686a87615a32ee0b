"""Moves an installation between the schema `public`, used by versions before migration 0012, and `akako`.

Each move is one transaction with qualified names. Rows, privileges and dependent views are preserved.
"""

import re
from typing import LiteralString

import psycopg
from psycopg import sql

from db.schema import MigrationRefused, resolve_in_catalog

FIRST_IN_AKAKO = "0012"
"""The first revision that is always in the schema `akako`."""

TABLES = ("users", "user_roles", "webhook_events", "audit_log", "heartbeats")

# Distinguishes our tables from the `users` table of another application: a constraint of the first migration together
# with one of our revisions, and from 0004 on also the functions of the audit trail.
_FOUND = """
    select version_num, users.relowner::regrole::text, users.relowner = (
        select oid from pg_roles where rolname = current_user)
    from public.alembic_version
    join pg_class as users on users.oid = to_regclass('public.users')
    join pg_constraint on conrelid = users.oid and conname = 'users_tombstones_remember_no_person'
    where version_num between '0001' and '0011' and length(version_num) = 4
      and (version_num < '0004' or (
          to_regclass('public.webhook_events') is not null and to_regproc('public.akako_said') is not null))
"""
_HAS_VERSIONS = """
    select exists (
        select from pg_attribute
        where attrelid = to_regclass('public.alembic_version') and attname = 'version_num' and not attisdropped
          and has_table_privilege(attrelid, 'select'))
"""
_TABLES = """
    select relname from pg_class
    where relnamespace = to_regnamespace(%s) and relkind = 'r' and relname = any(%s)
"""
_FUNCTIONS = """
    select oid::regprocedure::text from pg_proc
    where pronamespace = to_regnamespace(%s) and proname like 'akako\\_%%'
      and proowner = (select oid from pg_roles where rolname = current_user)
"""
_STATISTICS = """
    select stxname from pg_statistic_ext
    where stxnamespace = to_regnamespace(%s) and stxrelid::regclass::text = any(%s)
"""
_CONFLICTING = """
    select relname::text from pg_class where relnamespace = 'public'::regnamespace and relname = any(%s)
    union all
    select proname || '()' from pg_proc
    where pronamespace = 'public'::regnamespace and proname in (
        select proname from pg_proc where pronamespace = 'akako'::regnamespace)
"""


def move_to_akako(connection: psycopg.Connection) -> bool:
    """Move the installation of an earlier version, if any, out of `public`; returns whether there was one.

    Raises MigrationRefused.
    """
    with connection.transaction():
        resolve_in_catalog(connection)
        if connection.execute(_HAS_VERSIONS).fetchone() != (True,):
            return False
        found = connection.execute(_FOUND).fetchall()
        if len(found) != 1:
            return False
        _, owner, is_ours = found[0]
        if not is_ours:
            raise MigrationRefused(
                f"The tables of Akako Sync in the schema public belong to {owner}, and migrations run as "
                f"{connection.info.user}. Use {owner} in DATABASE_OWNER_URL (or DATABASE_URL, if that is not set)."
            )
        if connection.execute("select to_regclass('akako.users')").fetchone() != (None,):
            raise MigrationRefused(
                "Both schemas, public and akako, contain an installation of Akako Sync. Drop the tables of the unused"
                " one, then run `akako migrate` again."
            )
        connection.execute("lock table public.alembic_version in access exclusive mode")
        _move(connection, "public", "akako")
        connection.execute("insert into akako.alembic_version select version_num from public.alembic_version")
        connection.execute("drop table public.alembic_version")
    return True


def move_to_public(connection: psycopg.Connection) -> None:
    """Move the installation back to `public` for versions before migration 0012. Raises MigrationRefused."""
    with connection.transaction():
        check_public_is_free(connection)
        if not connection.execute(_TABLES, ("akako", list(TABLES))).fetchone():
            return
        _move(connection, "akako", "public")
        connection.execute("create table public.alembic_version (like akako.alembic_version including all)")
        connection.execute("insert into public.alembic_version select version_num from akako.alembic_version")
        connection.execute("delete from akako.alembic_version")


def check_public_is_free(connection: psycopg.Connection) -> None:
    """Raise MigrationRefused if `public` contains an object with a name that the installation needs there."""
    resolve_in_catalog(connection)
    found = sorted(str(name) for (name,) in connection.execute(_CONFLICTING, ([*TABLES, "alembic_version"],)))
    if found:
        raise MigrationRefused(
            f"Versions before migration {FIRST_IN_AKAKO} have their tables in the schema public, which contains other"
            f" objects with the same names: {', '.join(found)}. Rename those, or downgrade to {FIRST_IN_AKAKO} at most."
        )


def _move(connection: psycopg.Connection, origin: str, target: str) -> None:
    tables = [str(name) for (name,) in connection.execute(_TABLES, (origin, list(TABLES)))]
    qualified = [f"{origin}.{name}" for name in tables]
    statistics = [str(name) for (name,) in connection.execute(_STATISTICS, (origin, qualified))]
    for name in tables:
        _execute(connection, "alter table {} set schema {}", sql.Identifier(origin, name), target)
    for name in statistics:
        _execute(connection, "alter statistics {} set schema {}", sql.Identifier(origin, name), target)
    signatures = [str(signature) for (signature,) in connection.execute(_FUNCTIONS, (origin,))]
    for signature in signatures:
        _execute(connection, "alter function {} set schema {}", sql.SQL(signature), target)
    for signature in signatures:
        _rewrite(connection, signature.removeprefix(f"{origin}."), origin, target)


def _execute(connection: psycopg.Connection, statement: LiteralString, name: sql.Composable, target: str) -> None:
    connection.execute(sql.SQL(statement).format(name, sql.Identifier(target)))


def _rewrite(connection: psycopg.Connection, signature: str, origin: str, target: str) -> None:
    """Replace the schema name in the body of a moved function."""
    found = connection.execute("select pg_get_functiondef(%s::regprocedure)", (f"{target}.{signature}",))
    ours = "|".join(TABLES)
    for (definition,) in found.fetchall():
        connection.execute(re.sub(rf"\b{origin}\.(?=(?:{ours}|akako_\w+)\b)", f"{target}.", definition))
