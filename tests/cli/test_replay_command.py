import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests import ledger
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import SECONDS, holding
from tests.servers import Database

WHY = ("--reason", "We read it now.", "--by", "grace")
PARKED = "update webhook_events set status = 'parked', last_error = 'Why.'"


def parked(engine: Engine, clerk: Clerk, count: int) -> list[str]:
    """`count` parked events."""
    ids = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(count)))
    change(engine, PARKED)
    return ids


def test_parked_events_are_replayed_and_recorded_with_actor_and_reason(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    parked(engine, clerk, 3)

    done = akako("events", "replay", "--status", "parked", "--error", "why", *WHY, "--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, {"applied": 3, "ignored": 0, "left": 0})
    query = "select distinct actor, reason from audit_log where action = 'event.replayed'"
    assert rows(engine, query) == [("operator:grace", "We read it now.")]
    assert statuses(engine) == {"applied": 3}


def test_a_preview_shows_the_difference_without_personal_data_and_changes_nothing(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    shown = akako("events", "replay", svix_id, "--preview")
    printed = json.loads(akako("events", "replay", svix_id, "--preview", "--json").stdout)

    assert shown.exit_code == 0
    assert "LEARNER, new" in shown.stdout
    assert "(hidden)" in shown.stdout
    assert "ada@example.com" not in shown.stdout + str(printed)
    assert [line["action"] for line in printed["difference"]["audit"]] == [
        "user.created",
        "role.assigned",
        "event.replayed",
    ]
    assert {line["reason"] for line in printed["difference"]["audit"]} == {None}
    assert "A preview." not in shown.stdout
    assert (statuses(engine), actions(engine)) == ({"received": 1}, [])


def test_a_preview_shows_the_given_reason(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    printed = json.loads(akako("events", "replay", svix_id, "--preview", *WHY, "--json").stdout)

    assert {line["reason"] for line in printed["difference"]["audit"]} == {"We read it now."}


def test_a_revealed_preview_is_recorded_in_the_audit_trail(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    shown = akako("events", "replay", svix_id, "--preview", "--reveal", *WHY)

    assert "ada@example.com" in shown.stdout
    assert rows(engine, "select action, actor, cause from audit_log") == [("event.revealed", "operator:grace", svix_id)]


def test_a_preview_of_too_many_events_is_refused_before_locking(engine: Engine, clerk: Clerk, akako: Any) -> None:
    parked(engine, clerk, 3)

    done = akako("events", "replay", "--all", "--preview", "--at-most", "2")

    assert (done.exit_code, "More than 2 events" in done.output) == (2, True)


def test_skipped_events_are_printed_and_the_command_exits_with_1(engine: Engine, clerk: Clerk, akako: Any) -> None:
    good, bad = keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    done = akako("events", "replay", "-", *WHY, given=f"{good}\n{bad}\nmsg_none\n")

    assert (done.exit_code, done.stdout) == (1, "1 applied, 0 ignored, 2 skipped\n")
    assert f"{bad}: The user has no version" in done.stderr
    assert "msg_none: No event with this svix id" in done.stderr


def test_an_id_that_does_not_match_the_filters_is_skipped_with_the_reason(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (waiting,) = keep(engine, clerk, clerk.created())

    alone = akako("events", "replay", waiting, "--status", "discarded", *WHY)
    preview = akako("events", "replay", waiting, "--status", "discarded", "--preview")
    discard = akako("events", "discard", waiting, "--status", "parked", *WHY)

    assert (alone.exit_code, alone.stdout) == (1, "0 applied, 0 ignored, 1 skipped\n")
    assert (preview.exit_code, "1 skipped" in preview.stdout) == (1, True)
    assert (discard.exit_code, discard.stdout) == (1, "0 discarded, 1 skipped\n")
    for done in (alone, preview, discard):
        assert f"{waiting}: Does not match every filter" in done.stderr


def test_a_batch_without_a_match_does_not_end_a_replay_and_unknown_ids_are_printed(
    engine: Engine, clerk: Clerk, akako: Any
) -> None:
    (svix_id,) = parked(engine, clerk, 1)
    unknown = "".join(f"msg_{number}\n" for number in range(200))

    done = akako("events", "replay", "-", "--status", "parked", *WHY, given=f"{unknown}msg_none\n{svix_id}\n")

    assert (done.exit_code, done.stdout) == (1, "1 applied, 0 ignored, 201 skipped\n")
    assert "msg_none: No event with this svix id" in done.stderr


def test_invalid_ids_are_printed_and_the_others_are_replayed(engine: Engine, clerk: Clerk, akako: Any) -> None:
    one, two = parked(engine, clerk, 2)
    given = one.encode() + b"\n\xff\xfe\nmsg 2\n\x1b[2J\n" + two.encode() + b"\r\n" + b"x" * 256

    done = akako("events", "replay", "-", *WHY, given=given)

    assert (done.exit_code, done.stdout) == (1, "2 applied, 0 ignored, 4 skipped\n")
    assert done.stderr.count("Not a valid svix id") == 4
    assert r"\xff\xfe: Not a valid svix id" in done.stderr
    assert r"\x1b[2J: Not a valid svix id" in done.stderr


def test_invalid_ids_are_omitted_from_a_list(engine: Engine, clerk: Clerk, akako: Any) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())

    done = akako("events", "list", "-", "--ids", given=b"\xff\xfe\n" + svix_id.encode())

    assert (done.exit_code, done.stdout) == (0, f"{svix_id}\n")


def test_a_replay_continues_after_the_given_event(engine: Engine, clerk: Clerk, akako: Any) -> None:
    ids = [parked(engine, clerk, 1)[0] for _ in range(3)]

    akako("events", "replay", "--status", "parked", "--after", ids[0], *WHY)
    named = akako("events", "replay", *ids, "--after", ids[2], *WHY)

    assert values(engine, "select svix_id from webhook_events where status = 'parked'") == [ids[0]]
    assert named.stdout == "0 applied, 0 ignored, 0 skipped\n"


@pytest.mark.parametrize("place", ["msg_none", ""])
def test_a_replay_after_an_unknown_event_fails(engine: Engine, clerk: Clerk, akako: Any, place: str) -> None:
    parked(engine, clerk, 1)

    done = akako("events", "replay", "--status", "parked", "--after", place, *WHY)

    assert (done.exit_code, "The cursor refers to a delivery that is not stored" in done.output) == (1, True)
    assert statuses(engine) == {"parked": 1}


def test_an_older_event_is_applied_with_force_and_a_reason(engine: Engine, clerk: Clerk, akako: Any) -> None:
    old = clerk.created(first_name="Ada")
    ledger.apply(engine, clerk, old, clerk.updated(at=1_000, first_name="Augusta"))

    done = akako("events", "replay", old.svix_id, "--force", *WHY)

    assert (done.exit_code, values(engine, "select first_name from users")) == (0, ["Ada"])


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ((), "Select events"),
        (("msg_1", "--all", *WHY), "Select events"),
        (("msg_1",), "Give a reason"),
        (("msg_1", "--reason", " "), "give a reason"),
        (("msg_1", "--preview", "--reveal"), "Give a reason"),
        (("msg_1", "msg_2", "--force", *WHY), "--force takes exactly one event id"),
        (("--status", "parked", "--force", *WHY), "--force takes exactly one event id"),
        (("-", "--force", *WHY), "--force takes exactly one event id"),
        (("msg_1", "--after", "msg_2", *WHY), "not among the ids given"),
    ],
)
def test_invalid_arguments_exit_with_2_and_advice(akako: Any, words: tuple[str, ...], advice: str) -> None:
    done = akako("events", "replay", *words)

    assert (done.exit_code, advice in done.output) == (2, True)


@pytest.mark.recovery
def test_an_interrupted_replay_prints_how_to_continue_and_keeps_its_changes(
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
        printed, advice = running.communicate(timeout=SECONDS)

    place = advice.split("--after ")[1].split(".")[0]
    assert (running.returncode, printed) == (1, "400 applied, 0 ignored, 0 skipped\n")
    akako("events", "replay", "--status", "parked", "--after", place, *WHY)
    assert statuses(engine) == {"applied": 600}
