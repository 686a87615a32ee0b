import json
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from tests import ledger
from tests.clerk_sender import Clerk, event
from tests.ledger import change, keep, rows
from tests.servers import Database

PERSONAL = ("ada@example.com", "Lovelace", "img.example.com", "never to be seen", "192.0.2.1")
WHY = ("--reason", "Data request.")


def ids(listed: str) -> list[str]:
    """The svix ids in a list as JSON."""
    return [each["svix_id"] for each in json.loads(listed)["items"]]


def test_events_are_listed_newest_first_page_by_page(engine: Engine, clerk: Clerk, akako: Any) -> None:
    stored = [keep(engine, clerk, clerk.created(f"user_{number}", email=None))[0] for number in range(5)]

    first = akako("events", "list", "--limit", "3", "--json")
    second = akako("events", "list", "--limit", "3", "--before", stored[2], "--json")

    assert ids(first.stdout) == stored[:1:-1]
    assert f"--before {stored[2]}" in first.stderr
    assert (ids(second.stdout), second.stderr) == (stored[1::-1], "")


def test_events_received_at_the_same_time_are_each_on_one_page(engine: Engine, clerk: Clerk, akako: Any) -> None:
    stored = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(5)))

    first = ids(akako("events", "list", "--limit", "3", "--json").stdout)
    second = ids(akako("events", "list", "--limit", "3", "--before", first[-1], "--json").stdout)

    assert sorted(first + second) == sorted(stored)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--status", "parked"], ["msg_parked"]),
        (["--type", "session.created"], ["msg_other"]),
        (["--user", "user_ada"], ["msg_parked", "msg_ada"]),
        (["--user", "user_ada", "--status", "applied"], ["msg_ada"]),
        (["--error", "NO VERSION"], ["msg_parked"]),
        (["--error", "%"], []),
        (["--since", "now"], []),
        (["--until", "now"], ["msg_other", "msg_parked", "msg_bea", "msg_ada"]),
        (["--occurred-since", "2025-01-01T00:00:05Z", "--status", "applied"], ["msg_bea"]),
        (["--occurred-until", "2025-01-01T00:00:05Z", "--status", "applied"], ["msg_ada"]),
        (["msg_bea", "msg_ada", "msg_none"], ["msg_bea", "msg_ada"]),
        (["-", "--status", "parked"], ["msg_parked"]),
    ],
)
def test_events_are_selected(engine: Engine, clerk: Clerk, akako: Any, words: list[str], expected: list[str]) -> None:
    several(engine, clerk)

    listed = akako("events", "list", *words, "--json", given="msg_ada\n\nmsg_parked\n")

    assert ids(listed.stdout) == expected


def several(engine: Engine, clerk: Clerk) -> None:
    """Two applied events, one parked, one ignored, in this order."""
    ada = clerk.created("user_ada", at=0)
    bea = clerk.created("user_bea", at=9_000, email=None)
    parked = clerk.updated("user_ada", updated_at=None)
    for svix_id, sent in (("msg_ada", ada), ("msg_bea", bea), ("msg_parked", parked)):
        ledger.apply(engine, clerk, clerk.send(sent.body, svix_id=svix_id))
    keep(engine, clerk, clerk.send(event("session.created", {}), svix_id="msg_other"))


@pytest.mark.parametrize("place", ["msg_none", ""])
def test_an_unknown_event_id_is_no_page_position(akako: Any, place: str) -> None:
    done = akako("events", "list", "--before", place)

    assert (done.exit_code, "The cursor refers to a delivery that is not stored" in done.output) == (1, True)


def test_ids_alone_are_printed_one_per_line(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    assert akako("events", "list", "--ids").stdout.splitlines() == ["msg_other", "msg_parked", "msg_bea", "msg_ada"]
    assert "no version" in akako("events", "list", "--status", "parked").stdout


def test_a_delivery_is_shown_without_personal_data(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    shown = akako("events", "show", "msg_ada").stdout + akako("events", "show", "msg_ada", "--json").stdout

    assert "user_ada" in shown
    assert "(hidden)" in shown
    assert [word for word in PERSONAL if word in shown] == []
    assert ledger.actions(engine).count("event.revealed") == 0


def test_a_delivery_is_shown_with_the_audit_lines_that_it_caused(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    shown = json.loads(akako("events", "show", "msg_ada", "--json").stdout)

    assert [line["action"] for line in shown["audit"]] == ["user.created", "role.assigned"]
    assert {line["cause"] for line in shown["audit"]} == {"msg_ada"}
    assert json.loads(akako("events", "show", "msg_other", "--json").stdout)["audit"] == []


def test_a_revealed_delivery_is_unchanged_and_recorded_in_the_audit_trail(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    sent = clerk.created("user_ada")
    ledger.apply(engine, clerk, sent)

    shown = json.loads(akako("events", "show", sent.svix_id, "--reveal", *WHY, "--by", "grace", "--json").stdout)

    assert shown["body"].encode() == sent.body
    line = "select actor, reason, cause, clerk_user_id from audit_log where action = 'event.revealed'"
    assert rows(engine, line) == [("operator:grace", "Data request.", sent.svix_id, "user_ada")]
    assert shown["audit"][-1]["action"] == "event.revealed"


def test_a_body_that_is_not_utf_8_is_shown_as_far_as_it_can_be(engine: Engine, clerk: Clerk, akako: Any) -> None:
    sent = clerk.send(b'{"type": "user.created", "data": {"first_name": "\xe5"}}')
    keep(engine, clerk, sent)

    shown = json.loads(akako("events", "show", sent.svix_id, "--json").stdout)
    plain = akako("events", "show", sent.svix_id)
    revealed = json.loads(akako("events", "show", sent.svix_id, "--reveal", *WHY, "--json").stdout)

    assert (shown["status"], shown["last_error"]) == ("parked", "The body is not UTF-8 text.")
    assert (shown["content"], shown["body"]) == ("(hidden)", None)
    assert "byte 49" in shown["note"]
    assert plain.exit_code == 0
    assert revealed["body"] == '{"type": "user.created", "data": {"first_name": "\ufffd"}}'


def test_nothing_is_revealed_without_a_reason(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    absent = akako("events", "show", svix_id, "--reveal")
    empty = akako("events", "show", svix_id, "--reveal", "--reason", " ")

    assert (absent.exit_code, "--reveal needs --reason" in absent.output) == (2, True)
    assert (empty.exit_code, "give a reason" in empty.output) == (2, True)
    assert ledger.actions(engine) == []


def test_the_signature_of_an_old_delivery_is_verified_again(engine: Engine, akako: Any) -> None:
    old, new = Clerk(), Clerk()
    (svix_id,) = keep(engine, old, old.send(old.created().body, seconds_ago=200))

    def verified(secrets: str) -> tuple[str | None, str]:
        shown = json.loads(akako("events", "show", svix_id, "--json", CLERK_WEBHOOK_SIGNING_SECRET=secrets).stdout)
        return shown["verified_now_by"], shown["verification"]

    name = rows(engine, "select verified_by from webhook_events")[0][0]
    assert verified(f"{new.secrets[0]},{old.secrets[0]}") == (
        name,
        f"The live secret {name} verifies it, as it did when it was received.",
    )
    assert verified(new.secrets[0])[1].startswith("No live secret verifies it.")
    assert verified("")[1].startswith("Not checked")


def test_an_event_without_a_body_is_shown_with_the_reason(
    database: Database, engine: Engine, clerk: Clerk, akako: Any
) -> None:
    several(engine, clerk)
    forget_bodies(database)

    shown = json.loads(akako("events", "show", "msg_ada", "--json").stdout)

    assert (shown["body_bytes"], shown["content"]) == (None, None)
    assert "erased because of its age" in shown["note"]
    assert len(shown["audit"]) == 2


def forget_bodies(database: Database) -> None:
    """Remove the bodies of applied events, as retention does."""
    owner = connect(database.owner_url, "test")
    change(owner, "update webhook_events set received_at = received_at - interval '91 days'")
    change(owner, "update webhook_events set body = null where status = 'applied'")
    owner.dispose()


def test_an_unknown_event_is_not_found(akako: Any) -> None:
    done = akako("events", "show", "msg_none")

    assert (done.exit_code, "No event with this svix id" in done.output) == (1, True)


def test_events_are_counted(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)
    keep(engine, clerk, clerk.updated())
    change(engine, "update webhook_events set next_attempt_at = now() where status = 'received'")

    shown = json.loads(akako("events", "stats", "--json").stdout)

    statuses = {"received": 1, "applied": 2, "ignored": 1, "parked": 1, "discarded": 0, "held": 0}
    assert {each["name"]: each["events"] for each in shown["statuses"]} == statuses
    assert (shown["due"]["events"], shown["oldest_due_at"] is not None) == (1, True)
    assert {each["name"]: each["events"] for each in shown["types_of_last_day"]} == {
        "user.created": 2,
        "user.updated": 2,
        "session.created": 1,
    }
    assert [each["events"] for each in shown["why_parked"]] == [1]
    assert "parked" in akako("events", "stats").stdout


@pytest.mark.parametrize(
    "words", [("list", "--status", "lost"), ("list", "--since", "yesterday"), ("list", "-", "msg_1"), ("show",)]
)
def test_invalid_arguments_exit_with_2(akako: Any, words: tuple[str, ...]) -> None:
    assert akako("events", *words).exit_code == 2
