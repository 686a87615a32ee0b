"""`akako claims`: turned on with a reason and a confirmation, shown, repeated, compared with Clerk, and turned off."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from clerk.backend import Backend
from dev.clerk import changes
from dev.clerk.requests import UserMetadata
from reconcile import differences
from tests.ledger import as_owner, rows, values
from tests.reconcile.reconciled import Reconciled, reconciling
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.clerk

WHY = ("--reason", "Menus need the roles.", "--by", "grace")
LINES = "select actor, reason, after ->> 'on' from audit_log where action = 'claims.switched' order by id"


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def installation(engine: Engine, clerk: ServedClerk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reconciled]:
    """An installation that is pinned, whose process `clerk` runs a slice at a time."""
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))
    client = Backend(clerk.key, clerk.url)
    yield reconciling(engine, client, clerk.id)
    client.close()


@pytest.fixture
def claims(akako: Any, clerk: ServedClerk) -> Callable[..., Result]:
    """Runs the command with the instance's key."""

    def run(*words: str) -> Result:
        result: Result = akako("claims", *words, CLERK_SECRET_KEY=clerk.key, CLERK_API_URL=clerk.url)
        return result

    return run


@pytest.fixture
def ada(clerk: ServedClerk, installation: Reconciled, claims: Callable[..., Result]) -> str:
    """A user whose roles were pushed."""
    [clerk_id] = clerk.create()
    installation.run()
    assert claims("on", *WHY, "--yes").exit_code == 0
    installation.slicer.push()
    return clerk_id


def write(clerk: ServedClerk, clerk_id: str, public: dict[str, Any]) -> None:
    """Another application writes metadata."""
    user = clerk.instance.state.users[clerk_id]
    clerk.instance.put(changes.merge_metadata(user, UserMetadata(public_metadata=public), clerk.instance.now()))


def test_claims_are_turned_on_with_a_reason_and_a_confirmation(
    engine: Engine, clerk: ServedClerk, installation: Reconciled, claims: Callable[..., Result]
) -> None:
    assert (claims("on", "--yes").exit_code, claims("on", *WHY).exit_code) == (2, 1)
    assert values(engine, "select count(*) from claims_switch") == [0]

    result = claims("on", *WHY, "--yes")

    assert (result.exit_code, f"Claims are on for {clerk.id}." in result.stdout) == (0, True)
    assert rows(engine, LINES) == [("operator:grace", "Menus need the roles.", "true")]


def test_claims_need_a_pinned_instance(claims: Callable[..., Result]) -> None:
    result = claims("on", *WHY, "--yes")
    assert (result.exit_code, "akako instance pin" in result.stderr) == (1, True)


def test_claims_are_turned_off_once(engine: Engine, ada: str, claims: Callable[..., Result]) -> None:
    first, again = claims("off", *WHY), claims("off", *WHY)
    assert "Clerk keeps the roles that were pushed" in first.stdout
    assert again.stdout == "Claims were off already.\n"
    assert [line[2] for line in rows(engine, LINES)] == ["true", "false"]


def test_status_shows_how_far_the_first_push_is(ada: str, clerk: ServedClerk, claims: Callable[..., Result]) -> None:
    result = claims("status")
    assert (result.exit_code, "1 of 1" in result.stdout, clerk.id in result.stdout) == (0, True, True)
    found = json.loads(claims("status", "--json").stdout)
    assert (found["is_on"], found["users"], found["pushed"], found["due"], found["is_seeded"]) == (True, 1, 1, 0, True)


def test_status_while_claims_are_off(claims: Callable[..., Result]) -> None:
    result = claims("status")
    assert (result.exit_code, "akako claims on" in result.stdout) == (0, True)


def test_status_of_a_copied_database_says_why_nothing_is_pushed(
    engine: Engine, ada: str, installation: Reconciled, claims: Callable[..., Result]
) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update claims_switch set reached_at = 'production:5432/akako'")
        connection.exec_driver_sql("update claims set due_at = now()")
    installation.slicer.push()
    result = claims("status")
    assert (result.exit_code, "production:5432/akako" in result.stdout) == (1, True)
    assert "runbook.md#claims-are-stopped" in result.stdout


def test_check_compares_what_clerk_has(
    clerk: ServedClerk, ada: str, installation: Reconciled, claims: Callable[..., Result]
) -> None:
    same = claims("check", "--user", ada)
    assert (same.exit_code, "Clerk has what it should have." in same.stdout) == (0, True)

    write(clerk, ada, {"roles": ["ADMIN"], "theme": "dark"})
    other = json.loads(claims("check", "--user", ada, "--json").stdout)
    assert (other["result"], other["clerk_has"]["roles"], other["should_have"]["roles"]) == (
        "other",
        ["ADMIN"],
        ["LEARNER"],
    )

    pushed = claims("push", "--user", ada)
    assert pushed.stdout == "1 users are due.\n"
    installation.slicer.push()
    assert claims("check", "--user", ada).exit_code == 0

    clerk.instance.delete(ada)
    gone = claims("check", "--user", ada)
    assert (gone.exit_code, "Clerk does not have this user." in gone.stdout) == (1, True)


@pytest.mark.parametrize("words", [("check", "--user", "user_unknown"), ("push", "--user", "user_unknown")])
def test_an_unknown_user_is_named(ada: str, claims: Callable[..., Result], words: tuple[str, ...]) -> None:
    result = claims(*words)
    assert (result.exit_code, "akako users show" in result.stderr) == (1, True)


def test_a_parked_user_is_pushed_again_on_request(
    engine: Engine, clerk: ServedClerk, ada: str, installation: Reconciled, claims: Callable[..., Result]
) -> None:
    write(clerk, ada, {"roles_by": "another"})
    claims("push", "--all")
    installation.slicer.push()
    assert values(engine, "select parked from claims") == ["another_installation"]
    assert claims("status").exit_code == 1
    assert "another_installation" in claims("check", "--user", ada).stdout

    write(clerk, ada, {"roles_by": None})
    assert claims("push", "--parked").stdout == "1 users are due.\n"
    installation.slicer.push()
    assert claims("check", "--user", ada).exit_code == 0


def test_a_person_may_take_users_over_from_an_installation_that_is_gone(
    engine: Engine, clerk: ServedClerk, ada: str, installation: Reconciled, claims: Callable[..., Result]
) -> None:
    write(clerk, ada, {"roles_by": "gone", "roles": ["ADMIN"]})
    installation.run(timedelta(minutes=1))
    assert values(engine, "select parked from claims") == ["another_installation"]

    claims("push", "--parked")
    installation.run(timedelta(minutes=1))
    installation.slicer.push()
    assert claims("check", "--user", ada).exit_code == 0

    write(clerk, ada, {"roles_by": "back"})
    installation.run(timedelta(minutes=1))
    assert values(engine, "select parked from claims") == ["another_installation"]


@pytest.mark.parametrize("words", [(), ("--all", "--parked"), ("--all", "--user", "user_a")])
def test_push_takes_one_selection(claims: Callable[..., Result], words: tuple[str, ...]) -> None:
    assert claims("push", *words).exit_code == 2


def test_nothing_is_marked_while_claims_are_off(claims: Callable[..., Result]) -> None:
    result = claims("push", "--all")
    assert (result.exit_code, "akako claims on" in result.stderr) == (1, True)


def test_check_asks_only_the_instance_for_which_claims_are_on(
    ada: str, akako: Any, claims: Callable[..., Result]
) -> None:
    with served_clerk() as other:
        keys = {"CLERK_SECRET_KEY": other.key, "CLERK_API_URL": other.url}
        result = akako("claims", "check", "--user", ada, **keys)
    assert (result.exit_code, other.id in result.stderr) == (1, True)
