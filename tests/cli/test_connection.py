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
    """A database that nobody migrated."""
    make_database(servers, "akako_bare", "template1")
    with dropped(servers, "akako_bare") as database:
        yield database


@pytest.mark.parametrize("words", WORDS)
def test_a_database_that_is_not_migrated_is_said_to_be_so(bare: Database, akako: Any, words: tuple[str, ...]) -> None:
    done = akako(*words, DATABASE_URL=bare.app_url)

    assert done.exit_code == 1
    assert "cannot be reached" not in done.stderr
    assert "What to do: run `akako migrate`: the database schema is not the one of this version." in done.stderr


def test_a_server_that_is_not_there_cannot_be_reached(akako: Any) -> None:
    done = akako("events", "list", DATABASE_URL="postgresql://akako@127.0.0.1:1/akako")

    assert (done.exit_code, "PostgreSQL cannot be reached" in done.stderr) == (1, True)
    assert "What to do: check DATABASE_URL" in done.stderr


@pytest.mark.parametrize(
    ("sqlstate", "step"),
    [
        ("53100", "free disk space: the disk of PostgreSQL is full"),
        ("42501", "run `akako migrate` with DATABASE_OWNER_URL"),
        ("25006", "PostgreSQL is read-only here: point DATABASE_URL at the primary"),
    ],
)
def test_what_a_server_says_that_was_reached_comes_with_its_next_step(
    database: Database, monkeypatch: pytest.MonkeyPatch, sqlstate: str, step: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.app_url)

    with pytest.raises(click.ClickException) as raised, connection.transaction() as inside:
        inside.exec_driver_sql(f"do $$ begin raise exception 'No.' using errcode = '{sqlstate}'; end $$")

    assert raised.value.message.startswith("PostgreSQL refused it: No.")
    assert f"What to do: {step}" in raised.value.message
