"""`akako deletions`: lists held deletions, and releases and rejects them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.backend import Backend, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import Deletion
from db import audit, clerk_instance
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.ledger import rows, values
from tests.served_clerk import ServedClerk, served_clerk

WHY = ("--reason", "The old year.", "--by", "grace")
OUTCOMES = "select clerk_id, outcome, ended_by, reason from deletion_holds order by id"


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def deletions(akako: Any, instance: ServedClerk) -> Callable[..., Result]:
    """Runs the command with the instance."""

    def run(*words: str, **environment: str) -> Result:
        given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url, "CLERK_REQUESTS_PER_SECOND": "100"}
        result: Result = akako("deletions", *words, **given | environment)
        return result

    return run


@pytest.fixture(autouse=True)
def pinned(engine: Engine, instance: ServedClerk) -> None:
    """The installation belongs to the instance."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace")
        clerk_instance.pin(connection, instance.id, "development")


def hold(engine: Engine, *clerk_ids: str) -> None:
    for clerk_id in clerk_ids:
        people.add(engine, clerk_id)
    absent = [Deletion(clerk_id=each, at=datetime.now(UTC)) for each in clerk_ids]
    apply_absences(engine, absent, "walk_7", Limit(0, 0))


def test_held_deletions_are_listed_in_pages(engine: Engine, deletions: Callable[..., Result]) -> None:
    hold(engine, "user_ada", "user_bob")
    shown = deletions("list")
    first = json.loads(deletions("list", "--limit", "1", "--json").stdout)
    second = json.loads(deletions("list", "--limit", "1", "--after", str(first["next"]), "--json").stdout)
    assert shown.exit_code == 0
    assert ("walk_7" in shown.stdout, "not asked yet" in shown.stdout) == (True, True)
    assert [each["clerk_id"] for each in first["items"] + second["items"]] == ["user_ada", "user_bob"]
    assert second["next"] is None


def test_all_that_clerk_confirms_are_released_and_the_others_left(
    engine: Engine, instance: ServedClerk, deletions: Callable[..., Result]
) -> None:
    (living,) = instance.create()
    hold(engine, "user_ada", living, "user_bob")
    done = deletions("release", "--all", *WHY, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"released": 2, "left": 1, "dry_run": False})
    assert f"{living}: Clerk has this user" in done.stderr
    assert rows(engine, OUTCOMES) == [
        ("user_ada", "released", "operator:grace", "The old year."),
        (living, None, None, None),
        ("user_bob", "released", "operator:grace", "The old year."),
    ]
    assert "Clerk has this user" in deletions("list").stdout
    assert deletions("reject", living, *WHY).stdout == "1 rejected, 0 left\n"
    assert values(engine, "select clerk_id from current_roles") == [living]


@pytest.mark.parametrize("word", ["release", "reject"])
def test_a_dry_run_changes_nothing(engine: Engine, deletions: Callable[..., Result], word: str) -> None:
    hold(engine, "user_ada")
    done = deletions(word, "--all", "--dry-run", *WHY)
    assert (done.exit_code, done.stdout) == (0, f"Would be: 1 {word}{'ed' if word == 'reject' else 'd'}, 0 left\n")
    assert rows(engine, OUTCOMES) == [("user_ada", None, None, None)]


def test_a_user_whose_deletion_is_not_held_is_named(deletions: Callable[..., Result]) -> None:
    done = deletions("reject", "user_none", *WHY)
    assert (done.exit_code, done.stdout) == (1, "0 rejected, 1 left\n")
    assert "user_none: No deletion of this user is held." in done.stderr


def test_while_clerk_is_unavailable_it_says_what_was_done_and_how_to_continue(
    engine: Engine, deletions: Callable[..., Result]
) -> None:
    hold(engine, "user_ada")
    done = deletions("release", "--all", *WHY, CLERK_SECRET_KEY="sk_test_wrong")
    assert (done.exit_code, done.stdout) == (1, "0 released, 0 left\n")
    assert "Clerk did not answer: status 401. Check that CLERK_SECRET_KEY" in done.stderr


@pytest.mark.parametrize("words", [("release", *WHY), ("reject", "user_ada", "--all", *WHY), ("reject", "--all")])
def test_an_unclear_selection_is_a_usage_error(deletions: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert deletions(*words).exit_code == 2


def test_the_key_of_another_instance_releases_nothing(
    engine: Engine, instance: ServedClerk, deletions: Callable[..., Result]
) -> None:
    hold(engine, "user_ada")
    instance.fail("other-instance", None)
    done = deletions("release", "--all", *WHY)
    assert done.exit_code == 1
    assert f"It is pinned to {instance.id}" in done.stderr
    assert values(engine, "select outcome from deletion_holds") == [None]


def test_what_was_released_before_clerk_stopped_answering_is_counted(
    engine: Engine, deletions: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(engine, "user_ada", "user_bob")

    def user(_: Backend, clerk_id: str) -> UserNotFound:
        if clerk_id == "user_bob":
            raise ClerkUnavailable("status 401", transient=False)
        return UserNotFound(clerk_id)

    monkeypatch.setattr(Backend, "fetch", user)
    done = deletions("release", "--all", *WHY, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"released": 1, "left": 0, "dry_run": False})
    assert "Clerk did not answer" in done.stderr
    assert values(engine, "select outcome from deletion_holds order by id") == ["released", None]
