import getpass
import json
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.ledger import rows, values

WHY = ("--reason", "Runs the platform.")


def test_the_first_admin_is_assigned_on_the_command_line(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")

    done = akako("roles", "assign", "user_ada", "ADMIN", *WHY, "--by", "grace")

    assert done.exit_code == 0
    assert Role.ADMIN in people.find(engine, "user_ada").roles
    assert rows(engine, "select actor, reason, cause from audit_log where role = 'ADMIN'") == [
        ("operator:grace", "Runs the platform.", None)
    ]


def test_without_by_the_actor_is_the_system_user(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")

    akako("roles", "assign", "user_ada", "mentor", *WHY)

    assert rows(engine, "select actor from audit_log where role = 'MENTOR'") == [(f"operator:{getpass.getuser()}",)]


def test_a_role_is_extended_and_revoked(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR, end=people.LATER)

    extended = akako("roles", "extend", "user_ada", str(given.id), "--open", *WHY, "--json")
    revoked = akako("roles", "revoke", "user_ada", str(given.id), *WHY, "--json")

    assert json.loads(extended.output)[0]["effective_end_date"] is None
    assert json.loads(revoked.output)[0]["is_active"] is False


def test_revoking_the_last_admin_fails(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.ADMIN)

    done = akako("roles", "revoke", "user_ada", str(given.id), *WHY)

    assert (done.exit_code, "without any ADMIN" in done.output) == (1, True)


def test_an_overlap_is_reported_with_the_existing_assignment(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    given = people.assign(engine, "user_ada", Role.MENTOR)

    done = akako("roles", "assign", "user_ada", "MENTOR", *WHY)

    assert (done.exit_code, f"assignment {given.id}: MENTOR" in done.output) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("roles", "assign", "user_ada", "OWNER", *WHY),
        ("roles", "assign", "user_ada", "ADMIN"),
        ("roles", "at", "user_ada", "2026-03-01"),
        ("roles", "extend", "user_ada", "1", *WHY),
        ("roles", "list", "user_ada", "--role", "ADMIN"),
    ],
)
def test_invalid_arguments_exit_with_2(akako: Any, words: tuple[str, ...]) -> None:
    assert akako(*words).exit_code == 2


@pytest.mark.parametrize("words", [("users", "show"), ("roles", "history"), ("roles", "list")])
def test_an_unknown_user_is_not_found(akako: Any, words: tuple[str, ...]) -> None:
    done = akako(*words, "user_unknown")

    assert (done.exit_code, "There is no user" in done.output) == (1, True)


def test_users_are_listed_and_shown(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.MENTOR, first_name="Ada", email="ada@example.com")
    people.add(engine, "user_bob")

    listed = json.loads(akako("users", "list", "--search", "ada", "--json").output)
    shown = json.loads(akako("users", "show", "user_ada", "--json").output)

    assert [each["clerk_id"] for each in listed["items"]] == ["user_ada"]
    assert [each["role"] for each in shown["assignments"]] == ["MENTOR", "LEARNER"]
    assert "ada@example.com" in akako("users", "list").output
    assert "MENTOR" in akako("users", "show", "user_ada").output


def test_a_long_list_ends_with_the_next_page(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    bob = people.add(engine, "user_bob")

    assert f"--before {bob.id}" in akako("users", "list", "--limit", "1").output
    assert "user_ada" in akako("users", "list", "--before", str(bob.id)).output


def test_roles_at_an_instant_name_the_question_that_they_answer(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    was, known = (
        json.loads(akako("roles", "at", "user_ada", "2025-06-01T00:00Z", *by, "--json").output)
        for by in ((), ("--as-of", "now"))
    )

    assert (was["question"], was["user_status"], was["roles"]) == ("what_was_so", "unknown", [])
    assert (known["question"], known["user_status"], known["roles"]) == ("what_is_known", "active", ["LEARNER"])


def test_roles_of_a_user_are_printed_with_the_question_that_they_answer(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    now = akako("roles", "list", "user_ada").output
    was = akako("roles", "list", "user_ada", "--at", "2025-06-01T00:00Z").output
    known = akako("roles", "list", "user_ada", "--at", "2025-06-01T00:00Z", "--as-of", "now").output

    assert "MENTOR" in now
    assert "At 2025-06-01T00:00:00Z, as the guard decided then" in was
    assert "the guard refused every request" in was
    assert "Recorded later about 2025-06-01T00:00:00Z" in was
    assert "About 2025-06-01T00:00:00Z, as recorded by 2" in known


def test_holders_of_a_role_are_listed_for_all_users(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.ADMIN)
    people.add(engine, "user_bob")

    admins = json.loads(akako("roles", "list", "--role", "ADMIN", "--json").stdout)
    all_users = akako("roles", "list").output

    assert [(each["clerk_id"], each["user_status"]) for each in admins["items"]] == [("user_ada", "active")]
    assert [each["role"] for each in admins["items"][0]["assignments"]] == ["ADMIN"]
    assert admins["question"] == "what_was_so"
    assert "ADMIN, LEARNER" in all_users


def test_a_history_is_limited_to_what_was_recorded_by_then(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    (moment,) = values(engine, "select clock_timestamp()")
    people.assign(engine, "user_ada", Role.MENTOR)

    then = json.loads(akako("roles", "history", "user_ada", "--as-of", moment.isoformat(), "--json").output)

    assert [each["role"] for each in then["assignments"]] == ["LEARNER"]


def test_an_explanation_has_the_audit_line(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    done = akako("explain", "user_ada", "MENTOR")

    assert "Held: operator:tests assigned it (For a test)." in done.output
    assert "role.assigned" in done.output


def test_the_audit_trail_is_printed_newest_first(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada", Role.MENTOR)

    lines = [
        json.loads(line) for line in akako("audit", "--user", "user_ada", "--limit", "2", "--json").stdout.splitlines()
    ]

    assert [(line["action"], line["role"]) for line in lines] == [
        ("role.assigned", "MENTOR"),
        ("role.assigned", "LEARNER"),
    ]
    assert "user.created" in akako("audit").output
