"""The views that other applications read, and the role that may read them."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import create_engine

from db import migrate
from db.held import HELD_NOW
from tests.db.people import a_role, a_user, rows
from tests.servers import Database

PAGE = (Path(__file__).parents[2] / "docs/reference/sql.md").read_text()
VIEWS = ("current_users", "current_roles", "role_history")


@pytest.fixture
def reader(database: Database, superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection of an application that has been granted `akako_reader` and nothing else."""
    with application(database, superuser, "lms") as connection:
        superuser.execute("grant akako_reader to lms")
        yield connection


@pytest.fixture
def migrator(database: Database, superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection of the role that owns the tables of another application."""
    with application(database, superuser, "lms_owner") as connection:
        superuser.execute("grant create on schema public to lms_owner")
        yield connection


@contextmanager
def application(database: Database, superuser: psycopg.Connection, role: str) -> Iterator[psycopg.Connection]:
    """A connection as a role that is created if it is missing, without privileges on our schema."""
    superuser.execute(f"do $$ begin create role {role}; exception when duplicate_object then null; end $$".encode())
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute(f"set search_path to public; set session authorization {role}".encode())
        yield connection


def test_held_now_is_the_same_in_the_view_and_in_our_statements(owner: psycopg.Connection) -> None:
    choose = random.Random(7)
    for number in range(60):
        a_user(owner, f"user_{number}")
        start, end = choose.choice(["-2 days", "-1 hour", "1 hour"]), choose.choice(["2 hours", "-1 minute", None])
        if start == "1 hour" and end == "-1 minute":
            end = None
        owner.execute(
            """
            insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
            select id, 'MENTOR', now() + %s::interval, now() + %s::interval, 'test' from users where clerk_id = %s
            """,
            (start, end, f"user_{number}"),
        )
        if choose.random() < 0.2:
            owner.execute("update users set banned = true where clerk_id = %s", (f"user_{number}",))
    ours = f"""
        select user_roles.id from user_roles join users on users.id = user_id
        where not banned and deleted_at is null and {HELD_NOW} order by 1
    """
    held = rows(owner, ours)
    assert 5 < len(held) < 60
    assert rows(owner, "select assignment_id from current_roles order by 1") == held
    assert len(rows(owner, "select from role_history")) == 60


def test_banned_and_deleted_users_are_listed_with_a_flag_and_hold_no_role(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner))
    assert rows(owner, "select banned, deleted from current_users") == [(False, False)]
    owner.execute("update users set banned = true")
    assert rows(owner, "select banned, deleted from current_users") == [(True, False)]
    assert rows(owner, "select from current_roles") == []
    owner.execute("update users set deleted_at = now(), clerk_updated_at = null, banned = false")
    assert rows(owner, "select banned, deleted from current_users") == [(False, True)]
    assert rows(owner, "select from current_roles") == []
    assert len(rows(owner, "select from role_history")) == 1


def test_the_reader_reads_the_views_and_nothing_else(owner: psycopg.Connection, reader: psycopg.Connection) -> None:
    for view in VIEWS:
        reader.execute(f"select * from akako.{view}")
    tables = [name for (name,) in rows(owner, "select tablename from pg_tables where schemaname = 'akako'")]
    assert {"users", "user_roles", "webhook_events", "audit_log"} <= set(tables)
    for table in tables:
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute(f"select * from akako.{table}")
    for change in ("insert into akako.current_users (clerk_id) values ('user_eve')", "delete from akako.current_users"):
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute(change)


def test_the_reader_cannot_lock_the_table_of_users(reader: psycopg.Connection, superuser: psycopg.Connection) -> None:
    """As a foreign key would. A role that may only read must not be able to block changes."""
    superuser.execute("grant create on schema public to lms")
    with pytest.raises(errors.InsufficientPrivilege):
        reader.execute("create table notes (user_id bigint references akako.users (id))")


def test_every_statement_of_the_page_runs_as_the_role_that_it_is_for(
    owner: psycopg.Connection, reader: psycopg.Connection, migrator: psycopg.Connection
) -> None:
    user = a_user(owner)
    statements = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
    as_owner = [each for each in statements if "to lms_owner" in each]
    as_migrator = [each for each in statements if each.startswith("create table")]
    as_reader = [each for each in statements if each.startswith("select")]
    assert (len(as_owner), len(as_migrator), len(as_reader), len(statements)) == (1, 1, 3, 6)
    for connection, each in [(owner, as_owner), (migrator, as_migrator), (reader, as_reader)]:
        for statement in each:
            connection.execute(statement)
    migrator.execute("insert into enrolments values (%s, 'python')", (user,))
    with pytest.raises(errors.ForeignKeyViolation):
        migrator.execute("insert into enrolments values (404, 'python')")


def test_the_python_example_of_the_page_runs(database: Database, owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner), role="MENTOR")
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "sql.md", "exec"), names)
    mentors = names["mentors"]
    assert callable(mentors)
    engine = create_engine(database.app_url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        assert mentors(engine) == ["user_ada"]
    finally:
        engine.dispose()


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_names_every_column_of_the_views(owner: psycopg.Connection, view: str) -> None:
    columns = rows(owner, f"select attname from pg_attribute where attrelid = 'akako.{view}'::regclass and attnum > 0")
    assert [name for (name,) in columns if f"`{name}`" not in PAGE] == []


def test_an_owner_who_cannot_create_roles_migrates_without_the_reader(
    database: Database, superuser: psycopg.Connection
) -> None:
    superuser.execute("alter role akako_reader rename to akako_reader_of_others; alter role akako_owner nocreaterole")
    said: list[str] = []
    try:
        migrate.upgrade(database.owner_url, database.app_url, say=said.append)
    finally:
        superuser.execute("alter role akako_reader_of_others rename to akako_reader; alter role akako_owner createrole")
    assert [message for message in said if "create role akako_reader nologin" in message] != []
