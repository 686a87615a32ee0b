"""`akako deletions` lists held deletions, and releases only those that Clerk confirms."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.user import Deletion
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.ledger import rows, values
from tests.served_clerk import ServedClerk, served_clerk

LIVING = "select clerk_id from users where deleted_at is null order by clerk_id"


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def deletions(akako: Any, instance: ServedClerk) -> Callable[..., Result]:
    def run(*words: str) -> Result:
        given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url, "CLERK_REQUESTS_PER_SECOND": "100"}
        result: Result = akako("deletions", *words, **given)
        return result

    return run


@pytest.fixture
def held(engine: Engine, instance: ServedClerk) -> list[str]:
    """Two users whose deletion is held: Clerk has the first, and not the second."""
    clerk_ids = [*instance.create(1), "user_gone"]
    now = datetime.now(UTC)
    for clerk_id in clerk_ids:
        people.add(engine, clerk_id)
    apply_absences(engine, [Deletion(clerk_id=each, at=now) for each in clerk_ids], "drift_7", Limit(0, 0))
    return clerk_ids


def test_held_deletions_are_listed(held: list[str], deletions: Callable[..., Result]) -> None:
    result = deletions("list")
    assert result.exit_code == 0
    assert all(clerk_id in result.stdout for clerk_id in held)
    assert "not asked yet" in result.stdout
    listed = json.loads(deletions("list", "--json").stdout)
    assert [(each["clerk_id"], each["kind"], each["cause"]) for each in listed] == [
        (clerk_id, "inferred", "drift_7") for clerk_id in held
    ]


def test_only_deletions_that_clerk_confirms_are_released(
    engine: Engine, held: list[str], deletions: Callable[..., Result]
) -> None:
    shown = deletions("release", "--all", "--dry-run", "--reason", "End of term.")
    assert "1 would be released, 1 left" in shown.stdout
    assert values(engine, LIVING) == sorted(held)
    result = deletions("release", "--all", "--reason", "End of term.", "--by", "ada")
    assert (result.exit_code, result.stdout) == (1, "1 released, 1 left\n")
    assert "Clerk has this user" in result.stderr
    assert values(engine, LIVING) == [held[0]]
    line = "select actor, reason from audit_log where action = 'user.deleted'"
    assert rows(engine, line) == [("operator:ada", "End of term.")]
    assert "Clerk has this user" in deletions("list").stdout


def test_a_rejected_deletion_leaves_the_user(engine: Engine, held: list[str], deletions: Callable[..., Result]) -> None:
    result = deletions("reject", held[1], "--reason", "A mistake.", "--json")
    assert json.loads(result.stdout) == {"rejected": [held[1]], "left": []}
    assert values(engine, LIVING) == sorted(held)
    assert [each["clerk_id"] for each in json.loads(deletions("list", "--json").stdout)] == [held[0]]


def test_a_user_without_a_held_deletion_is_named(deletions: Callable[..., Result]) -> None:
    result = deletions("reject", "user_unknown", "--reason", "A mistake.")
    assert result.exit_code == 1
    assert "user_unknown: No deletion of this user is held." in result.stderr


@pytest.mark.parametrize("words", [(), ("user_1", "--all")])
def test_users_are_named_or_all(words: tuple[str, ...], deletions: Callable[..., Result]) -> None:
    result = deletions("release", *words, "--reason", "x")
    assert (result.exit_code, "Name users, or give --all." in result.stderr) == (2, True)


def test_without_an_answer_of_clerk_nothing_is_released(
    engine: Engine, instance: ServedClerk, held: list[str], deletions: Callable[..., Result]
) -> None:
    instance.fail("server-error", None, status=401)
    result = deletions("release", "--all", "--reason", "End of term.")
    assert result.exit_code == 1
    assert "Clerk did not answer: status 401" in result.stderr
    assert values(engine, LIVING) == sorted(held)
