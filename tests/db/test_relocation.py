"""An installation of an earlier version in `public` moves to `akako` and back, completely or not at all."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from db import migrate, relocation, revisions
from db.schema import MigrationRefused
from dev.embedded.servers import Servers
from tests.db import catalog
from tests.db.people import rows
from tests.db.test_migrations import an_empty_database
from tests.dev.groups import until
from tests.servers import Database

pytestmark = pytest.mark.recovery

INSTALLATION = Path(__file__).with_name("installation_0011.sql").read_text()
DATA = (
    "select id, clerk_id, claimed_email, email, first_name, banned, created_at, updated_at from {}.users",
    "select * from {}.user_roles",
    "select * from {}.webhook_events",
    "select id, at, action, actor, after from {}.audit_log order by id",
    "select part, moved_at from {}.heartbeats",
)
SET_ON_ROLES = """
    select setconfig from pg_db_role_setting join pg_database on pg_database.oid = setdatabase
    where datname = current_database() and setrole <> 0
"""
HIJACKED = """
    create role neighbour login;
    grant create on schema public to neighbour;
    set role neighbour;
    create function public.point(bigint, smallint) returns point language sql immutable as
        'select pg_catalog.point($1::float8, $2::float8)';
    create function public.num_nonnulls(text, text, text, text, text, text, text, timestamptz, timestamptz)
        returns integer language sql immutable as 'select 0';
    create function public.inside(jsonb, jsonb) returns jsonb language sql immutable as 'select $1';
    create operator public.-> (leftarg = jsonb, rightarg = jsonb, function = public.inside);
    reset role;
"""
UNQUALIFIED = {
    "point((user_id)::double precision, (role_no)::double precision)": "public.point(user_id, role_no)",
    "(num_nonnulls(claimed": "(public.num_nonnulls(claimed",
    "((after -> 'svix_ids'::text))": "((after operator(public.->) '\"svix_ids\"'::jsonb))",
}
"""The same definitions, as resolved if another role had created functions with a closer match before."""


def load(database: Database, installation: str = INSTALLATION) -> None:
    """Create an installation in `public`, with rows."""
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(installation.encode())


def data(database: Database, schema: str) -> list[object]:
    """All rows about users, events and changes."""
    with psycopg.connect(database.superuser_url) as connection:
        return [rows(connection, query.format(schema)) for query in DATA]


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    with an_empty_database(servers) as made:
        yield made


@pytest.fixture
def old(empty: Database) -> Database:
    """A database with an installation of an earlier version."""
    load(empty)
    return empty


def test_an_old_installation_moves_with_its_rows_and_equals_a_new_one(old: Database, database: Database) -> None:
    before = data(old, "public")
    said: list[str] = []

    applied = migrate.upgrade(old.owner_url, old.app_url, say=said.append)
    assert applied == list(revisions.missing("0011"))
    assert data(old, "akako") == before
    assert catalog.seen(old.owner_url) == catalog.seen(database.owner_url)
    assert not any(catalog.seen(old.owner_url, schema="public").values())
    assert "Restart every process" in said[0]


def test_a_moved_installation_works_and_continues_its_ids(old: Database) -> None:
    migrate.upgrade(old.owner_url, old.app_url)
    with psycopg.connect(old.app_url) as app:
        added = app.execute("insert into users (clerk_id, clerk_updated_at) values ('user_bob', now()) returning id")
        assert added.fetchone() == (2,)
        app.execute("update users set banned = true where clerk_id = 'user_ada'")
        assert rows(app, "select action from audit_log where id > 2 order by id") == [
            ("user.created",),
            ("user.banned",),
        ]


def test_a_downgrade_moves_the_installation_back(old: Database) -> None:
    before, shape = data(old, "public"), catalog.seen(old.owner_url, schema="public")
    migrate.upgrade(old.owner_url, old.app_url)
    migrate.downgrade(old.owner_url, "0011")

    assert data(old, "public") == before
    assert catalog.seen(old.owner_url, schema="public") == shape
    assert rows_as_owner(old, "select version_num from public.alembic_version") == [("0011",)]
    assert rows_as_owner(old, "select to_regnamespace('akako')::text") == [(None,)]
    assert rows_as_owner(old, SET_ON_ROLES) == []
    with psycopg.connect(old.owner_url) as owner:
        owner.execute("update users set banned = true")
        assert rows(owner, "select action from audit_log order by id desc limit 1") == [("user.banned",)]


def rows_as_owner(database: Database, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.owner_url) as owner:
        return rows(owner, query)


def test_an_interrupted_move_changes_nothing(old: Database) -> None:
    before, shape = data(old, "public"), catalog.seen(old.owner_url, schema="public")
    failed: list[BaseException] = []

    def run() -> None:
        try:
            migrate.upgrade(old.owner_url, old.app_url)
        except psycopg.OperationalError as error:
            failed.append(error)

    with psycopg.connect(old.superuser_url, autocommit=True) as superuser:
        waiting = "select pid from pg_locks where not granted and relation = 'public.heartbeats'::regclass"
        with psycopg.connect(old.owner_url) as holder:
            holder.execute("select from public.heartbeats")
            migration = Thread(target=run)
            migration.start()
            until(lambda: rows(superuser, waiting))
            superuser.execute(f"select pg_terminate_backend(pid) from ({waiting}) as stuck")
            migration.join(30)

    assert len(failed) == 1
    assert data(old, "public") == before
    assert catalog.seen(old.owner_url, schema="public") == shape
    assert not any(catalog.seen(old.owner_url).values())
    migrate.upgrade(old.owner_url, old.app_url)
    assert data(old, "akako") == before


def test_an_installation_of_another_owner_is_refused(old: Database) -> None:
    with pytest.raises(MigrationRefused, match="belong to akako_owner"):
        migrate.upgrade(old.superuser_url, old.app_url)


@pytest.mark.parametrize("version", ["0011", "1a2b3c"])
def test_tables_of_another_application_with_the_same_names_are_ignored(empty: Database, version: str) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("create table public.users (id uuid primary key, email text)")
        owner.execute("create table public.audit_log (what text)")
        owner.execute("create table public.alembic_version (version_num text)")
        owner.execute("insert into public.alembic_version values (%s)", (version,))
    shape = catalog.seen(empty.owner_url, schema="public")
    migrate.upgrade(empty.owner_url, empty.app_url)

    assert catalog.seen(empty.owner_url, schema="public") == shape
    assert rows_as_owner(empty, "select version_num from public.alembic_version") == [(version,)]


def test_it_does_not_move_back_over_the_tables_of_another_application(empty: Database) -> None:
    migrate.upgrade(empty.owner_url, empty.app_url)
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("create table public.users (id uuid primary key)")
    before = catalog.seen(empty.owner_url)
    with pytest.raises(MigrationRefused, match="users"):
        migrate.downgrade(empty.owner_url, "0011")
    assert catalog.seen(empty.owner_url) == before


def test_two_installations_are_refused(old: Database) -> None:
    with psycopg.connect(old.superuser_url) as superuser:
        superuser.execute("create schema akako authorization akako_owner")
        superuser.execute("set role akako_owner")
        superuser.execute("create table akako.users ()")
    with pytest.raises(MigrationRefused, match="Both schemas, public and akako"):
        migrate.upgrade(old.owner_url, old.app_url)


def test_definitions_bound_to_functions_of_another_role_are_recreated(empty: Database, database: Database) -> None:
    installation = INSTALLATION
    for ours, theirs in UNQUALIFIED.items():
        assert ours in installation
        installation = installation.replace(ours, theirs)
    with psycopg.connect(empty.superuser_url, autocommit=True) as superuser:
        superuser.execute(HIJACKED)
        try:
            load(empty, installation)
            said: list[str] = []
            migrate.upgrade(empty.owner_url, empty.app_url, say=said.append)
            shape = catalog.seen(empty.owner_url)
        finally:
            superuser.execute("drop owned by neighbour cascade; drop role neighbour")
    assert shape == catalog.seen(database.owner_url)
    assert {name for name in ("point", "num_nonnulls", "->") if any(name in each for each in said)} == {
        "point",
        "num_nonnulls",
        "->",
    }


def test_a_definition_bound_to_an_unknown_function_of_another_role_is_refused_by_name(old: Database) -> None:
    with psycopg.connect(old.superuser_url, autocommit=True) as superuser:
        superuser.execute("create role neighbour login; grant create on schema public to neighbour; set role neighbour")
        superuser.execute("create function public.shout(text) returns text language sql immutable as 'select $1'")
        superuser.execute("reset role; create index loud on public.users (public.shout(clerk_id))")
        try:
            with pytest.raises(MigrationRefused, match=r"akako\.loud.*public\.shout"):
                migrate.upgrade(old.owner_url, old.app_url)
        finally:
            superuser.execute("drop owned by neighbour cascade; drop role neighbour")


def test_the_first_revision_in_the_schema_akako_is_0012() -> None:
    assert revisions.missing("0011")[0].startswith("Only the database sets ids")
    assert relocation.FIRST_IN_AKAKO == "0012"
