from collections.abc import Iterator
from typing import Any

import click
import pytest

from cli import connection
from dev.embedded.servers import Servers
from tests.servers import Database, dropped, make_database

WORDS = (("events", "list"), ("users", "list"), ("audit",), ("roles", "list", "user_1"))


@pytest.fixture
def bare(servers: Servers) -> Iterator[Database]:
    """A database without migrations."""
    make_database(servers, "akako_bare", "template1")
    with dropped(servers, "akako_bare") as database:
        yield database


@pytest.mark.parametrize("words", WORDS)
def test_a_database_without_migrations_is_reported_with_the_remedy(
    bare: Database, akako: Any, words: tuple[str, ...]
) -> None:
    done = akako(*words, DATABASE_URL=bare.app_url)

    assert done.exit_code == 1
    assert "is unreachable" not in done.stderr
    assert "What to do: run `akako migrate`: the database schema is not the one of this version." in done.stderr


def test_a_missing_server_is_reported_as_unreachable(akako: Any) -> None:
    done = akako("events", "list", DATABASE_URL="postgresql://akako@127.0.0.1:1/akako")

    assert (done.exit_code, "PostgreSQL is unreachable" in done.stderr) == (1, True)
    assert "What to do: check DATABASE_URL" in done.stderr


@pytest.mark.parametrize(
    ("sqlstate", "step"),
    [
        ("53100", "free disk space: the disk of PostgreSQL is full"),
        ("42501", "run `akako migrate` with DATABASE_OWNER_URL"),
        ("25006", "PostgreSQL is read-only here: point DATABASE_URL at the primary"),
    ],
)
def test_an_error_of_a_reachable_server_is_reported_with_the_remedy(
    database: Database, monkeypatch: pytest.MonkeyPatch, sqlstate: str, step: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    with pytest.raises(click.ClickException) as raised, connection.transaction() as inside:
        inside.exec_driver_sql(f"do $$ begin raise exception 'No.' using errcode = '{sqlstate}'; end $$")

    assert raised.value.message.startswith("PostgreSQL returned an error: No.")
    assert f"What to do: {step}" in raised.value.message


def test_a_command_that_fills_empty_tables_uses_their_indexes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    with connection.database(looks_up=True) as engine, engine.connect() as session:
        assert session.exec_driver_sql("show enable_seqscan").scalar_one() == "off"
