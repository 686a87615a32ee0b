"""Only the owner of the tables can create objects in the schemas of the search path."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from akako_guard.database import callers
from akako_guard.database.engine import connect
from akako_guard.role import Role
from db import migrate, revisions, schema
from db.schema import MigrationRefused
from dev.embedded.servers import Servers
from tests import people
from tests.db import catalog
from tests.db.people import rows
from tests.db.test_migrations import an_empty_database
from tests.meanwhile import at_once
from tests.servers import Database

PLANTED = """
    create function public.point(bigint, smallint) returns point language plpgsql immutable as
        'begin raise exception ''called''; end';
    create function public.unnest(text[]) returns setof text language sql as 'select ''user_boss''::text'
"""


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    with an_empty_database(servers) as made:
        yield made


@pytest.fixture
def other_role(superuser: psycopg.Connection) -> Iterator[str]:
    """The role of another application in the same database, which may create objects in `public`."""
    superuser.execute("create role other_role login; grant create on schema public to other_role")
    yield "other_role"
    superuser.execute("reset role; drop owned by other_role cascade; drop role other_role")


def test_a_function_of_another_role_in_public_is_never_called(
    engine: Engine, superuser: psycopg.Connection, other_role: str
) -> None:
    people.add(engine, "user_boss", Role.ADMIN)
    people.add(engine, "user_ada")
    superuser.execute(f"set role {other_role}; {PLANTED}")
    engine.dispose()
    with engine.connect() as connection:
        assert set(callers.find(connection, ["user_ada"])) == {"user_ada"}


def test_no_definition_is_bound_to_an_existing_function_in_public(empty: Database, database: Database) -> None:
    with psycopg.connect(empty.superuser_url, autocommit=True) as superuser:
        superuser.execute("create role other_role login; grant create on schema public to other_role")
        try:
            superuser.execute(f"set role other_role; {PLANTED}")
            migrate.upgrade(empty.owner_url, empty.app_url)
            assert catalog.seen(empty.owner_url) == catalog.seen(database.owner_url)
        finally:
            superuser.execute("reset role; drop owned by other_role cascade; drop role other_role")


@pytest.mark.parametrize("grantee", ["public", "other_role", "akako_app"])
def test_migration_is_refused_with_a_remedy_while_another_role_may_create_in_the_schema(
    database: Database, engine: Engine, superuser: psycopg.Connection, other_role: str, grantee: str
) -> None:
    superuser.execute(f"grant create on schema akako to {grantee}")
    with pytest.raises(MigrationRefused) as refused:
        migrate.upgrade(database.owner_url, database.app_url)
    with engine.connect() as connection:
        (fault,) = schema.faults(connection)
    assert fault in str(refused.value)
    superuser.execute(fault.split("`")[1])
    assert migrate.upgrade(database.owner_url, database.app_url) == []
    with engine.connect() as connection:
        assert schema.faults(connection) == []


def test_objects_of_another_role_in_the_schema_are_named(
    database: Database, superuser: psycopg.Connection, other_role: str
) -> None:
    superuser.execute("grant create, usage on schema akako to other_role; set role other_role")
    superuser.execute("create function akako.now() returns timestamptz language sql as 'select null::timestamptz'")
    superuser.execute("reset role; revoke create on schema akako from other_role")
    with pytest.raises(MigrationRefused, match=r"function akako\.now\(\) belongs to other_role: drop it"):
        migrate.upgrade(database.owner_url, database.app_url)


def test_a_schema_of_another_role_is_refused(empty: Database) -> None:
    with psycopg.connect(empty.superuser_url) as superuser:
        superuser.execute("create role other_role; create schema akako authorization other_role")
    try:
        with pytest.raises(MigrationRefused, match="alter schema akako owner to akako_owner"):
            migrate.upgrade(empty.owner_url, empty.app_url)
    finally:
        with psycopg.connect(empty.superuser_url) as superuser:
            superuser.execute("drop owned by other_role cascade; drop role other_role")


def test_a_changed_owner_of_the_schema_is_detected(
    engine: Engine, superuser: psycopg.Connection, other_role: str
) -> None:
    superuser.execute(f"alter schema akako owner to {other_role}")
    superuser.execute("grant usage on schema akako to akako_app")
    with engine.connect() as connection:
        faults = schema.faults(connection)
    assert "The schema akako belongs to other_role: run `alter schema akako owner to akako_owner`." in faults


def test_an_owner_that_cannot_create_the_schema_is_told_who_can(empty: Database) -> None:
    with psycopg.connect(empty.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"alter database {superuser.info.dbname} owner to postgres")
        with pytest.raises(MigrationRefused, match='create schema akako authorization "akako_owner"'):
            migrate.upgrade(empty.owner_url, empty.app_url)
        superuser.execute('create schema akako authorization "akako_owner"')
    assert migrate.upgrade(empty.owner_url, empty.app_url)


def test_concurrent_migrations_of_an_empty_database_all_succeed(empty: Database) -> None:
    applied = at_once(*[lambda: migrate.upgrade(empty.owner_url, empty.app_url)] * 3)
    assert sorted(map(len, applied)) == [0, 0, len(revisions.missing(None))]


@pytest.mark.parametrize("attempt", ["pg_advisory_lock(7240001)", "pg_advisory_lock(7240002)"])
def test_an_advisory_lock_does_not_block_migrations(
    database: Database, superuser: psycopg.Connection, attempt: str
) -> None:
    superuser.execute(f"select {attempt}")
    assert migrate.upgrade(database.owner_url, database.app_url) == []


@pytest.mark.parametrize(
    "attempt",
    [
        "begin; lock table akako.alembic_version in share update exclusive mode",
        "begin; lock table akako.alembic_version in row exclusive mode",
        "select from akako.alembic_version for update",
        "update akako.locks set name = 'another'",
        "update akako.locks set turn = 1",
        "delete from akako.locks",
        "insert into akako.locks (name) values ('more')",
    ],
)
def test_the_application_can_neither_block_migrations_nor_change_the_locks(
    app: psycopg.Connection, attempt: str
) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
        app.execute(attempt)


def test_a_role_without_privileges_can_lock_nothing(superuser: psycopg.Connection, other_role: str) -> None:
    superuser.execute(f"set role {other_role}")
    for attempt in ("select from akako.locks for update", "lock table akako.alembic_version in access share mode"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), superuser.transaction():
            superuser.execute(attempt)


def test_every_session_has_the_settings_whatever_the_role_has(
    database: Database, superuser: psycopg.Connection
) -> None:
    superuser.execute(f"alter database {superuser.info.dbname} set DateStyle = 'German, DMY'")
    superuser.execute(f"alter database {superuser.info.dbname} set search_path = public")
    pool = connect(database.app_url, "test")
    with pool.connect() as connection:
        found = connection.exec_driver_sql("select current_setting('search_path'), current_setting('DateStyle')").one()
    pool.dispose()
    assert tuple(found) == ("akako, pg_catalog, pg_temp", "ISO, MDY")


def test_plain_connections_of_both_roles_find_the_tables_after_a_migration(empty: Database) -> None:
    migrate.upgrade(empty.owner_url, empty.app_url)
    for url in (empty.app_url, empty.owner_url):
        plain = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        with plain.connect() as connection:
            assert connection.exec_driver_sql("select count(*) from users").scalar_one() == 0
            assert connection.exec_driver_sql("show TimeZone").scalar_one() == "UTC"
        plain.dispose()


def test_a_role_that_owns_tables_of_another_application_keeps_its_settings(empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as owner:
        owner.execute("create table public.courses ()")
    said: list[str] = []
    migrate.upgrade(empty.owner_url, empty.owner_url, say=said.append)
    with psycopg.connect(empty.owner_url) as owner:
        assert rows(owner, "select to_regclass('courses') is not null, current_schema()") == [(True, "public")]
    assert "owns tables outside the schema akako" in said[0]
    pool = connect(empty.owner_url, "test")
    people.add(pool, "user_ada")
    pool.dispose()
