"""Copies the data of one installation into another migrated database, with the commands of the guide."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine

from akako_guard.database.engine import connect
from db import triggers
from db.migrate import upgrade
from dev.embedded import postgres
from dev.embedded.postgres import QUICK, Postgres
from dev.embedded.servers import Servers
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import apply
from tests.servers import Database

pytestmark = pytest.mark.recovery

GUIDE = Path(__file__).parents[2] / "docs/how-to/move-to-another-database.md"
SQL = dict(re.findall(r"<!-- (\w+) -->\n```sql\n(.*?)```", GUIDE.read_text(), re.DOTALL))
DUMP, RESTORE = (
    re.findall(rf"^\$ ({program} .*)$", GUIDE.read_text(), re.MULTILINE)[0] for program in ("pg_dump", "pg_restore")
)
TABLES = ("users", "user_roles", "webhook_events", "audit_log")
PROGRAMS = postgres._programs(18)


@pytest.fixture
def source() -> Iterator[Postgres]:
    """A separate server with an installation in use."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory:
        Path(directory).chmod(0o755)
        server = Postgres(Path(directory), options={**QUICK, "wal_level": "logical"})
        server.start()
        try:
            upgrade(server.url("akako_owner"), server.url("akako_app"))
            use(server.url("akako_app"))
            yield server
        finally:
            server.stop()


def use(url: str) -> None:
    """Add users with roles, one of them deleted, and applied and parked events."""
    clerk, engine = Clerk(), connect(url, "test", connections=2)
    apply(engine, clerk, *(clerk.created(f"user_{number}", email=f"{number}@example.com") for number in range(20)))
    apply(engine, clerk, clerk.updated("user_1", at=5, email="1@example.com", banned=True))
    apply(engine, clerk, clerk.deleted("user_2", at=9), clerk.send(b"{}"))
    engine.dispose()


def content(url: str) -> dict[str, list[Any]]:
    """All rows of the tables that contain data."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return {
            table: connection.execute(
                sql.SQL("select to_jsonb(rows) from akako.{} as rows order by 1").format(sql.Identifier(table))
            ).fetchall()
            for table in TABLES
        }


def run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in filter(None, map(str.strip, script.split(";"))):
            connection.execute(statement.encode())


def shell(command: str, directory: Path, **environment: str) -> None:
    environment["PATH"] = f"{PROGRAMS}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-ec", command], env=environment, cwd=directory, check=True)


def assert_in_use(database: Database, expected: dict[str, list[Any]]) -> None:
    """Assert that the copy is complete, its triggers are enabled again, and it applies new events."""
    assert content(database.owner_url) == expected
    printed: list[str] = []
    upgrade(database.owner_url, database.app_url, say=printed.append)
    assert len(printed) >= len(triggers.ALWAYS)
    with psycopg.connect(database.owner_url) as connection:
        modes = connection.execute(triggers._MODES).fetchall()
    assert [row for row in modes if triggers.is_wrong(*row)] == []
    use_once_more(database.app_url)
    after = content(database.owner_url)
    assert len(after["users"]) == len(expected["users"]) + 1
    assert len(after["audit_log"]) == len(expected["audit_log"]) + 2


def use_once_more(url: str) -> None:
    """Apply the event of a new user."""
    clerk, engine = Clerk(), connect(url, "test", connections=2)
    apply(engine, clerk, clerk.created("user_new", email="new@example.com"))
    engine.dispose()


def test_a_dump_of_the_data_is_restored_into_a_migrated_database(
    source: Postgres, database: Database, tmp_path: Path
) -> None:
    expected = content(source.superuser_url.replace("/postgres?", "/akako?"))
    shell(DUMP, tmp_path, OLD_OWNER_URL=source.url("akako_owner"))
    run(database.owner_url, SQL["disable"])
    shell(RESTORE, tmp_path, NEW_OWNER_URL=database.owner_url)
    assert_in_use(database, expected)


def test_a_migrated_database_is_filled_by_logical_replication(source: Postgres, database: Database) -> None:
    owner = source.superuser_url.replace("/postgres?", "/akako?")
    run(database.owner_url, SQL["disable"])
    run(owner, SQL["publish"])
    run(database.superuser_url, SQL["subscribe"].replace("host=old-server dbname=akako user=replicator", owner))
    try:
        until(lambda: len(content(database.owner_url)["users"]) == 20, 60)
        clerk, engine = Clerk(), connect(source.url("akako_app"), "test", connections=2)
        apply(engine, clerk, clerk.created("user_meanwhile"), clerk.deleted("user_3", at=9))
        engine.dispose()
        expected = content(owner)
        until(lambda: content(database.owner_url) == expected, 60)
    finally:
        run(database.superuser_url, SQL["finish"])
    assert_in_use(database, expected)


def test_disabled_triggers_are_reported_until_migrate_enables_them(database: Database) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database.app_url))
    run(database.owner_url, "alter table akako.users disable trigger audit_change")
    with engine.connect() as connection:
        (fault,) = triggers.faults(connection)
    assert "audit_change on users" in fault
    upgrade(database.owner_url, database.app_url)
    with engine.connect() as connection:
        assert triggers.faults(connection) == []
    engine.dispose()


def test_the_triggers_that_fire_always_are_those_of_the_migrations(servers: Servers, database: Database) -> None:
    with psycopg.connect(database.owner_url) as connection:
        modes = connection.execute(triggers._MODES).fetchall()
    assert {(table, name) for table, name, mode in modes if mode == "A"} == triggers.ALWAYS
    assert {mode for _, _, mode in modes} == {"A", "O"}
