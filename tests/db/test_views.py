"""The views that other applications read, and the role that may read them."""

import random
import re
from collections.abc import Iterator
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
    """A connection of an application that has been granted `akako_reader` and nothing else of ours."""
    superuser.execute("do $$ begin create role lms; exception when duplicate_object then null; end $$")
    superuser.execute("grant akako_reader to lms")
    superuser.execute("grant create on schema public to lms")
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("set search_path to public; set session authorization lms")
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


def test_a_deleted_user_is_listed_with_a_flag_and_holds_no_role(owner: psycopg.Connection) -> None:
    a_role(owner, a_user(owner))
    assert rows(owner, "select banned, deleted from current_users") == [(False, False)]
    owner.execute("update users set banned = true")
    assert rows(owner, "select banned, deleted from current_users") == [(True, False)]
    assert rows(owner, "select from current_roles") == []


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


def test_every_statement_of_the_page_runs_as_the_reader(owner: psycopg.Connection, reader: psycopg.Connection) -> None:
    a_user(owner)
    statements = re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(statements) == 5
    for statement in statements:
        if not statement.startswith("grant "):
            reader.execute(statement)
    reader.execute("insert into enrolments select id, 'python' from akako.current_users")
    with pytest.raises(errors.ForeignKeyViolation):
        reader.execute("insert into enrolments values (404, 'python')")


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
