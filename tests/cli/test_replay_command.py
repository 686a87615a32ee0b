import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests import ledger
from tests.clerk_says import Clerk
from tests.dev.groups import until
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import SECONDS, holding
from tests.servers import Database

WHY = ("--reason", "We read it now.", "--by", "grace")
PARKED = "update webhook_events set status = 'parked', last_error = 'Why.'"


def parked(engine: Engine, clerk: Clerk, count: int) -> list[str]:
    """So many events that an older version of ours did not understand."""
    ids = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(count)))
    change(engine, PARKED)
    return ids


def test_parked_events_are_replayed_and_the_trail_says_by_whom_and_why(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    parked(engine, clerk, 3)

    done = akako("events", "replay", "--status", "parked", "--error", "why", *WHY, "--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, {"applied": 3, "ignored": 0, "left": 0})
    said = "select distinct actor, reason from audit_log where action = 'event.replayed'"
    assert rows(engine, said) == [("operator:grace", "We read it now.")]
    assert statuses(engine) == {"applied": 3}


def test_a_preview_shows_the_difference_hides_persons_and_changes_nothing(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    shown = akako("events", "replay", svix_id, "--preview")
    told = json.loads(akako("events", "replay", svix_id, "--preview", "--json").stdout)

    assert shown.exit_code == 0
    assert "LEARNER, new" in shown.stdout
    assert "(hidden)" in shown.stdout
    assert "ada@example.com" not in shown.stdout + str(told)
    assert [line["action"] for line in told["difference"]["audit"]] == [
        "user.created",
        "role.assigned",
        "event.replayed",
    ]
    assert {line["reason"] for line in told["difference"]["audit"]} == {None}
    assert "A preview." not in shown.stdout
    assert (statuses(engine), actions(engine)) == ({"received": 1}, [])


def test_a_preview_shows_the_reason_that_is_given(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    told = json.loads(akako("events", "replay", svix_id, "--preview", *WHY, "--json").stdout)

    assert {line["reason"] for line in told["difference"]["audit"]} == {"We read it now."}


def test_what_a_preview_reveals_is_in_the_trail(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    shown = akako("events", "replay", svix_id, "--preview", "--reveal", *WHY)

    assert "ada@example.com" in shown.stdout
    assert rows(engine, "select action, actor, cause from audit_log") == [("event.revealed", "operator:grace", svix_id)]


def test_a_preview_of_too_many_is_refused_before_anything_is_locked(engine: Engine, clerk: Clerk, akako: Any) -> None:
    parked(engine, clerk, 3)

    done = akako("events", "replay", "--all", "--preview", "--at-most", "2")

    assert (done.exit_code, "more than 2 events" in done.output) == (2, True)


def test_an_event_that_is_left_is_named_and_the_command_ends_with_1(engine: Engine, clerk: Clerk, akako: Any) -> None:
    good, bad = keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    done = akako("events", "replay", "-", *WHY, given=f"{good}\n{bad}\nmsg_none\n")

    assert (done.exit_code, done.stdout) == (1, "1 applied, 0 ignored, 2 left\n")
    assert f"{bad}: The user has no version" in done.stderr
    assert "msg_none: We keep no delivery" in done.stderr


def test_what_is_named_and_does_not_meet_the_conditions_is_left_with_the_reason(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (waiting,) = keep(engine, clerk, clerk.created())

    alone = akako("events", "replay", waiting, "--status", "discarded", *WHY)
    looked = akako("events", "replay", waiting, "--status", "discarded", "--preview")
    discard = akako("events", "discard", waiting, "--status", "parked", *WHY)

    assert (alone.exit_code, alone.stdout) == (1, "0 applied, 0 ignored, 1 left\n")
    assert (looked.exit_code, "1 left" in looked.stdout) == (1, True)
    assert (discard.exit_code, discard.stdout) == (1, "0 discarded, 1 left\n")
    for done in (alone, looked, discard):
        assert f"{waiting}: It does not meet every condition" in done.stderr


def test_a_set_of_ids_without_a_match_does_not_end_a_replay_and_strangers_are_named(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (svix_id,) = parked(engine, clerk, 1)
    strangers = "".join(f"msg_{number}\n" for number in range(200))

    done = akako("events", "replay", "-", "--status", "parked", *WHY, given=f"{strangers}msg_none\n{svix_id}\n")

    assert (done.exit_code, done.stdout) == (1, "1 applied, 0 ignored, 201 left\n")
    assert "msg_none: We keep no delivery" in done.stderr


def test_what_is_no_svix_id_is_named_and_the_others_are_replayed(engine: Engine, clerk: Clerk, akako: Any) -> None:
    one, two = parked(engine, clerk, 2)
    given = one.encode() + b"\n\xff\xfe\nmsg 2\n\x1b[2J\n" + two.encode() + b"\r\n" + b"x" * 256

    done = akako("events", "replay", "-", *WHY, given=given)

    assert (done.exit_code, done.stdout) == (1, "2 applied, 0 ignored, 4 left\n")
    assert done.stderr.count("This is no svix id") == 4
    assert r"\xff\xfe: This is no svix id" in done.stderr
    assert r"\x1b[2J: This is no svix id" in done.stderr


def test_what_is_no_svix_id_is_in_no_list(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    done = akako("events", "list", "-", "--ids", given=b"\xff\xfe\n" + svix_id.encode())

    assert (done.exit_code, done.stdout) == (0, f"{svix_id}\n")


def test_a_replay_goes_on_after_the_event_that_it_is_told(engine: Engine, clerk: Clerk, akako: Any) -> None:
    ids = [parked(engine, clerk, 1)[0] for _ in range(3)]

    akako("events", "replay", "--status", "parked", "--after", ids[0], *WHY)
    named = akako("events", "replay", *ids, "--after", ids[2], *WHY)

    assert values(engine, "select svix_id from webhook_events where status = 'parked'") == [ids[0]]
    assert named.stdout == "0 applied, 0 ignored, 0 left\n"


@pytest.mark.parametrize("place", ["msg_none", ""])
def test_a_place_that_nobody_knows_is_neither_end_nor_beginning(
    engine: Engine, clerk: Clerk, akako: Any, place: str
) -> None:
    parked(engine, clerk, 1)

    done = akako("events", "replay", "--status", "parked", "--after", place, *WHY)

    assert (done.exit_code, "We keep no delivery" in done.output) == (1, True)
    assert statuses(engine) == {"parked": 1}


def test_an_older_event_counts_with_force_and_a_reason(engine: Engine, clerk: Clerk, akako: Any) -> None:
    old = clerk.created(first_name="Ada")
    ledger.apply(engine, clerk, old, clerk.updated(at=1_000, first_name="Augusta"))

    done = akako("events", "replay", old.svix_id, "--force", *WHY)

    assert (done.exit_code, values(engine, "select first_name from users")) == (0, ["Ada"])


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ((), "Say which events"),
        (("msg_1", "--all", *WHY), "Say which events"),
        (("msg_1",), "Say why"),
        (("msg_1", "--reason", " "), "give a reason"),
        (("msg_1", "--preview", "--reveal"), "Say why"),
        (("msg_1", "msg_2", "--force", *WHY), "--force takes one event"),
        (("--status", "parked", "--force", *WHY), "--force takes one event"),
        (("-", "--force", *WHY), "--force takes one event"),
        (("msg_1", "--after", "msg_2", *WHY), "not among the ids given"),
    ],
)
def test_a_replay_written_wrongly_ends_with_2_and_says_what_to_write(
    akako: Any, words: tuple[str, ...], advice: str
) -> None:
    done = akako("events", "replay", *words)

    assert (done.exit_code, advice in done.output) == (2, True)


def test_a_replay_that_is_stopped_says_how_to_go_on_and_keeps_what_it_did(
    database: Database, engine: Engine, clerk: Clerk, akako: Any
) -> None:
    ids = [svix_id for number in range(3) for svix_id in parked(engine, clerk, 200)]
    last = f"select from webhook_events where svix_id = '{ids[-1]}' for update"
    command = Path(sys.executable).with_name("akako")

    with holding(engine, last):
        running = subprocess.Popen(
            [command, "events", "replay", "--status", "parked", *WHY],
            env={"DATABASE_URL": database.app_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: statuses(engine).get("applied") == 400)
        running.send_signal(signal.SIGINT)
        told, advice = running.communicate(timeout=SECONDS)

    place = advice.split("--after ")[1].split(".")[0]
    assert (running.returncode, told) == (1, "400 applied, 0 ignored, 0 left\n")
    akako("events", "replay", "--status", "parked", "--after", place, *WHY)
    assert statuses(engine) == {"applied": 600}
