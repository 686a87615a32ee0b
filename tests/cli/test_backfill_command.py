"""`akako backfill`: imports, continues, refuses, and says what is wrong."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.backend import Backend, UserPage
from db import audit, clerk_instance, leases, walks
from db.audit import Author
from reconcile import reading
from tests.dev import groups
from tests.ledger import change, values
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.clerk

USERS = "select count(*) from users"
FIRST_SEEN = "update walks set cursor = %s, newest = '2024-01-01T00:00:00Z', seen = 1, created = 1 where id = %s"
FAST = "100"


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def backfill(akako: Any, instance: ServedClerk) -> Callable[..., Result]:
    """Runs the command against the instance."""

    def run(*words: str, **environment: str) -> Result:
        given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url, "CLERK_REQUESTS_PER_SECOND": FAST}
        result: Result = akako("backfill", *words, **given | environment)
        return result

    return run


def test_users_are_imported_and_counted(engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]) -> None:
    instance.create(3)
    result = backfill()
    assert (result.exit_code, values(engine, USERS)) == (0, [3])
    assert [line.split()[1:-1] for line in result.stdout.splitlines() if "New" in line] == [["New", "│", "3"]]


def test_a_dry_run_changes_nothing(engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]) -> None:
    instance.create(3)
    result = backfill("--dry-run", "--json")
    printed = json.loads(result.stdout)
    assert (result.exit_code, printed["created"], printed["dry_run"]) == (0, 3, True)
    assert (values(engine, USERS), values(engine, "select count(*) from walks")) == ([0], [0])


def test_an_incomplete_import_ends_with_1_and_its_reason(
    engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]
) -> None:
    instance.create(2)
    with engine.begin() as connection:
        walks.start(connection, instance.id, 2)
    instance.fail("empty-instance", times=None)
    result = backfill()
    assert result.exit_code == 1
    assert "incomplete: Clerk counts 2 users, and 0 were seen" in result.stdout
    assert "docs/how-to/import-users.md" in result.stderr


def test_a_wrong_key_is_named(instance: ServedClerk, backfill: Callable[..., Result]) -> None:
    result = backfill(CLERK_SECRET_KEY="sk_test_wrong")
    assert result.exit_code == 1
    assert "Check that CLERK_SECRET_KEY is the secret key of your instance." in result.stderr


@pytest.mark.parametrize("words", [(), ("--dry-run",)], ids=["import", "dry run"])
def test_another_instance_is_refused(
    words: tuple[str, ...], engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]
) -> None:
    assert backfill().exit_code == 0
    instance.create(1)
    instance.fail("other-instance", times=None)
    result = backfill(*words)
    assert result.exit_code == 1
    assert f"It is pinned to {instance.id}" in result.stderr
    assert values(engine, USERS) == [0]


def test_a_second_import_at_the_same_time_is_refused(
    engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]
) -> None:
    with engine.begin() as connection:
        assert leases.take(connection, leases.BACKFILL, "another", 60)
    result = backfill()
    assert result.exit_code == 1
    assert "Another import is running" in result.stderr


def test_an_interrupted_import_is_continued_or_started_again(
    engine: Engine, instance: ServedClerk, backfill: Callable[..., Result]
) -> None:
    ids = instance.create(3)
    with engine.begin() as connection:
        walk = walks.start(connection, instance.id, 3)
    change(engine, FIRST_SEEN, ids[0], walk.id)
    continued = backfill("--json")
    assert "Continuing the import" in continued.stderr
    assert json.loads(continued.stdout)["outcome"] == "complete"
    assert values(engine, USERS) == [3]
    with engine.begin() as connection:
        walks.start(connection, instance.id, 3)
    assert backfill("--restart").exit_code == 0
    assert values(engine, "select reason from walks order by id") == [None, "started again", None]


@pytest.mark.recovery
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_import_that_was_interrupted_or_killed_is_continued_by_the_next(
    engine: Engine,
    instance: ServedClerk,
    backfill: Callable[..., Result],
    mark: str,
    directory: Path,
    database: Any,
    ending: signal.Signals,
) -> None:
    instance.create(1_200)
    printed = directory / "printed"
    given = {"DATABASE_URL": database.app_url, "CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url}
    with groups.akako(mark, "backfill", output=printed, **given, CLERK_REQUESTS_PER_SECOND="1") as running:
        groups.until(lambda: values(engine, "select seen from walks") == [500])
        running.send_signal(ending)
        code = running.wait(30)
    assert code == {signal.SIGINT: 130, signal.SIGKILL: -9}[ending]
    change(engine, "update leases set expires_at = clock_timestamp()")  # two minutes later
    result = backfill("--json")
    ended = json.loads(result.stdout)
    assert (result.exit_code, ended["outcome"], ended["seen"]) == (0, "complete", 1_200)
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [1_200]


def test_an_import_ends_when_another_instance_is_pinned_meanwhile(
    engine: Engine, instance: ServedClerk, backfill: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.create(6)
    monkeypatch.setattr(reading, "MOST_USERS", 2)
    ask = Backend.users_after

    def users_after(self: Backend, cursor: str | None, limit: int) -> UserPage:
        if cursor is None:
            with engine.begin() as connection:
                audit.set_author(connection, Author(actor="operator:ada", reason="Moved."))
                clerk_instance.repin(connection, "ins_other", None)
        return ask(self, cursor, limit)

    monkeypatch.setattr(Backend, "users_after", users_after)
    result = backfill()
    assert (result.exit_code, "It is pinned to ins_other" in result.stderr) == (1, True)
    assert values(engine, USERS)[0] <= 2
