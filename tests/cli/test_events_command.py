import json
from typing import Any

import pytest
from sqlalchemy import Engine

from db.engine import connect
from tests import ledger
from tests.clerk_says import Clerk, event
from tests.ledger import change, keep, rows
from tests.servers import Database

PERSONAL = ("ada@example.com", "Lovelace", "img.example.com", "never to be seen", "192.0.2.1")
WHY = ("--reason", "The customer asked.")


def ids(listed: str) -> list[str]:
    """The svix ids in a list as JSON."""
    return [each["svix_id"] for each in json.loads(listed)["items"]]


def test_events_are_listed_newest_first_page_by_page(engine: Engine, clerk: Clerk, akako: Any) -> None:
    kept = [keep(engine, clerk, clerk.created(f"user_{number}", email=None))[0] for number in range(5)]

    first = akako("events", "list", "--limit", "3", "--json")
    second = akako("events", "list", "--limit", "3", "--before", kept[2], "--json")

    assert ids(first.stdout) == kept[:1:-1]
    assert f"--before {kept[2]}" in first.stderr
    assert (ids(second.stdout), second.stderr) == (kept[1::-1], "")


def test_events_that_came_at_once_are_each_on_one_page(engine: Engine, clerk: Clerk, akako: Any) -> None:
    kept = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(5)))

    first = ids(akako("events", "list", "--limit", "3", "--json").stdout)
    second = ids(akako("events", "list", "--limit", "3", "--before", first[-1], "--json").stdout)

    assert sorted(first + second) == sorted(kept)


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
def test_a_place_that_nobody_knows_is_no_page(akako: Any, place: str) -> None:
    done = akako("events", "list", "--before", place)

    assert (done.exit_code, "We keep no delivery" in done.output) == (1, True)


def test_ids_are_printed_for_the_next_command(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    assert akako("events", "list", "--ids").stdout.splitlines() == ["msg_other", "msg_parked", "msg_bea", "msg_ada"]
    assert "no version" in akako("events", "list", "--status", "parked").stdout


def test_a_delivery_is_shown_without_what_is_personal(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    told = akako("events", "show", "msg_ada").stdout + akako("events", "show", "msg_ada", "--json").stdout

    assert "user_ada" in told
    assert "(hidden)" in told
    assert [word for word in PERSONAL if word in told] == []
    assert ledger.actions(engine).count("event.revealed") == 0


def test_a_delivery_is_shown_with_the_lines_of_what_it_changed(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)

    told = json.loads(akako("events", "show", "msg_ada", "--json").stdout)

    assert [line["action"] for line in told["audit"]] == ["user.created", "role.assigned"]
    assert {line["cause"] for line in told["audit"]} == {"msg_ada"}
    assert json.loads(akako("events", "show", "msg_other", "--json").stdout)["audit"] == []


def test_a_revealed_delivery_is_as_it_came_and_the_trail_says_who_saw_it(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    sent = clerk.created("user_ada")
    ledger.apply(engine, clerk, sent)

    told = json.loads(akako("events", "show", sent.svix_id, "--reveal", *WHY, "--by", "grace", "--json").stdout)

    assert told["body"].encode() == sent.body
    line = "select actor, reason, cause, clerk_user_id from audit_log where action = 'event.revealed'"
    assert rows(engine, line) == [("operator:grace", "The customer asked.", sent.svix_id, "user_ada")]
    assert told["audit"][-1]["action"] == "event.revealed"


def test_a_body_that_is_not_utf_8_is_shown_as_far_as_it_can_be(engine: Engine, clerk: Clerk, akako: Any) -> None:
    sent = clerk.send(b'{"type": "user.created", "data": {"first_name": "\xe5"}}')
    keep(engine, clerk, sent)

    told = json.loads(akako("events", "show", sent.svix_id, "--json").stdout)
    plain = akako("events", "show", sent.svix_id)
    revealed = json.loads(akako("events", "show", sent.svix_id, "--reveal", *WHY, "--json").stdout)

    assert (told["status"], told["last_error"]) == ("parked", "The body is not UTF-8 text.")
    assert (told["content"], told["body"]) == ("(hidden)", None)
    assert "byte 49" in told["note"]
    assert plain.exit_code == 0
    assert revealed["body"] == '{"type": "user.created", "data": {"first_name": "\ufffd"}}'


def test_nothing_is_revealed_without_a_reason(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    absent = akako("events", "show", svix_id, "--reveal")
    empty = akako("events", "show", svix_id, "--reveal", "--reason", " ")

    assert (absent.exit_code, "Say with --reason" in absent.output) == (2, True)
    assert (empty.exit_code, "give a reason" in empty.output) == (2, True)
    assert ledger.actions(engine) == []


def test_the_signature_of_an_old_delivery_is_verified_anew(engine: Engine, akako: Any) -> None:
    old, new = Clerk(), Clerk()
    (svix_id,) = keep(engine, old, old.send(old.created().body, seconds_ago=200))

    def verified(secrets: str) -> tuple[str | None, str]:
        told = json.loads(akako("events", "show", svix_id, "--json", CLERK_WEBHOOK_SIGNING_SECRET=secrets).stdout)
        return told["verified_now_by"], told["verification"]

    name = rows(engine, "select verified_by from webhook_events")[0][0]
    assert verified(f"{new.secrets[0]},{old.secrets[0]}") == (
        name,
        f"The live secret {name} fits, as it did when it came.",
    )
    assert verified(new.secrets[0])[1].startswith("No live secret fits.")
    assert verified("")[1].startswith("Not checked")


def test_an_event_whose_body_was_removed_says_so(database: Database, engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)
    forget_bodies(database)

    told = json.loads(akako("events", "show", "msg_ada", "--json").stdout)

    assert (told["body_bytes"], told["content"]) == (None, None)
    assert "removed for its age" in told["note"]
    assert len(told["audit"]) == 2


def forget_bodies(database: Database) -> None:
    """What retention does to applied events in the end."""
    owner = connect(database.owner_url, "test")
    change(owner, "update webhook_events set received_at = received_at - interval '91 days'")
    change(owner, "update webhook_events set body = null where status = 'applied'")
    owner.dispose()


def test_an_event_that_nobody_knows_is_not_found(akako: Any) -> None:
    done = akako("events", "show", "msg_none")

    assert (done.exit_code, "We keep no delivery" in done.output) == (1, True)


def test_events_are_counted(engine: Engine, clerk: Clerk, akako: Any) -> None:
    several(engine, clerk)
    keep(engine, clerk, clerk.updated())
    change(engine, "update webhook_events set next_attempt_at = now() where status = 'received'")

    told = json.loads(akako("events", "stats", "--json").stdout)

    statuses = {"received": 1, "applied": 2, "ignored": 1, "parked": 1, "discarded": 0}
    assert {each["name"]: each["events"] for each in told["statuses"]} == statuses
    assert (told["due"], told["oldest_due_at"] is not None) == (1, True)
    assert {each["name"]: each["events"] for each in told["types_of_last_day"]} == {
        "user.created": 2,
        "user.updated": 2,
        "session.created": 1,
    }
    assert [each["events"] for each in told["why_parked"]] == [1]
    assert "parked" in akako("events", "stats").stdout


@pytest.mark.parametrize(
    "words", [("list", "--status", "lost"), ("list", "--since", "yesterday"), ("list", "-", "msg_1"), ("show",)]
)
def test_a_command_about_events_written_wrongly_ends_with_2(akako: Any, words: tuple[str, ...]) -> None:
    assert akako("events", *words).exit_code == 2
