from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from db import migrate, revisions
from db.tables import metadata
from dev.embedded.servers import Servers
from tests.db import catalog
from tests.servers import Database, ascii_database, dropped, make_database

REVISIONS = ["base", *(f"{number:04}" for number in (*range(1, 25), 26, 27))]


@contextmanager
def an_empty_database(servers: Servers) -> Iterator[Database]:
    """A database without any migration."""
    make_database(servers, "akako_empty", "template1")
    with dropped(servers, "akako_empty") as database:
        yield database


@pytest.fixture
def empty(servers: Servers) -> Iterator[Database]:
    with an_empty_database(servers) as made:
        yield made


def test_the_migrations_create_the_tables_of_the_metadata(database: Database, empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as connection:
        connection.execute("create schema akako")
    engine = create_engine(
        empty.owner_url.replace("postgresql://", "postgresql+psycopg://"),
        connect_args={"options": "-c search_path=akako"},
    )
    metadata.create_all(engine)
    engine.dispose()
    assert catalog.seen(database.owner_url, *catalog.SHAPE) == catalog.seen(empty.owner_url, *catalog.SHAPE)


def test_the_comparison_of_catalogs_detects_a_difference(database: Database, owner: psycopg.Connection) -> None:
    before = catalog.seen(database.owner_url)
    for change in (
        "alter table users alter first_name set not null",
        "alter table users alter banned set default true",
        "alter table user_roles drop constraint user_roles_end_follows_start",
        "drop index users_claimed_email_idx",
        "alter table users reset (fillfactor)",
        "alter table users disable trigger audit_new",
    ):
        owner.execute(change)
    after = catalog.seen(database.owner_url)
    assert [part for part in before if before[part] == after[part]] == ["views", "statistics", "functions"]


@pytest.mark.recovery
def test_every_migration_can_be_downgraded_and_applied_again(empty: Database) -> None:
    seen = {"base": catalog.seen(empty.owner_url)}
    for revision in REVISIONS[1:]:
        migrate.upgrade(empty.owner_url, empty.app_url, revision)
        seen[revision] = catalog.seen(empty.owner_url)
    for revision in reversed(REVISIONS[:-1]):
        migrate.downgrade(empty.owner_url, revision)
        here, there = ("akako", "public") if "0012" <= revision < "base" else ("public", "akako")
        assert catalog.seen(empty.owner_url, schema=here) == seen[revision]
        assert not any(catalog.seen(empty.owner_url, schema=there).values())
    migrate.upgrade(empty.owner_url, empty.app_url)
    assert catalog.seen(empty.owner_url) == seen[REVISIONS[-1]]


def test_migrating_returns_what_it_applied_and_nothing_the_second_time(empty: Database) -> None:
    first = migrate.upgrade(empty.owner_url, empty.app_url)
    assert first[0].startswith("Users hold the newest state from Clerk")
    assert len(first) == len(REVISIONS) - 1
    assert migrate.upgrade(empty.owner_url, empty.app_url) == []


def test_a_database_that_is_not_utf8_is_refused_before_anything_is_created(servers: Servers) -> None:
    with ascii_database(servers) as ascii_only:
        with pytest.raises(migrate.NotUtf8, match="encoding 'UTF8'"):
            migrate.upgrade(ascii_only.owner_url, ascii_only.app_url)
        assert not any(catalog.seen(ascii_only.owner_url).values())


def test_one_role_may_own_and_use_the_tables(empty: Database) -> None:
    migrate.upgrade(empty.owner_url, empty.owner_url)
    with psycopg.connect(empty.owner_url) as connection:
        connection.execute("insert into users (clerk_id, clerk_updated_at) values ('user_ada', now())")
        assert connection.execute("select action from audit_log").fetchone() == ("user.created",)


def test_a_missing_application_role_is_created_and_can_connect(servers: Servers, empty: Database) -> None:
    recent = empty.app_url.replace("akako_app", "akako_recent")
    migrate.upgrade(empty.owner_url, recent)
    with psycopg.connect(recent) as connection:
        assert connection.execute("select count(*) from users").fetchone() == (0,)
    with psycopg.connect(empty.superuser_url) as connection:
        connection.execute("drop owned by akako_recent")
        connection.execute("drop role akako_recent")


def test_the_revisions_that_processes_read_from_the_files_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(revisions.MIGRATIONS))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]

    assert revisions.missing(None) == tuple(script.doc for script in scripts)
    for number, script in enumerate(scripts, 1):
        assert revisions.missing(script.revision) == tuple(each.doc for each in scripts[number:])
    assert revisions.missing("unknown") == ()
