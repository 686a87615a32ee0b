import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from sync.replay import SET
from tests import ledger
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import keep, rows, statuses
from tests.meanwhile import SECONDS, holding
from tests.servers import Database

WHY = ("--reason", "Sent by our own test.", "--by", "grace")


def test_parked_and_due_events_are_discarded_with_an_audit_line_each(engine: Engine, clerk: Clerk, akako: Any) -> None:
    ids = keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    done = akako("events", "discard", *ids, *WHY)

    assert (done.exit_code, done.stdout) == (0, "2 discarded, 0 skipped\n")
    assert statuses(engine) == {"discarded": 2}
    lines = rows(engine, "select action, actor, reason, cause from audit_log")
    assert sorted(lines) == sorted(("event.discarded", "operator:grace", "Sent by our own test.", each) for each in ids)


def test_an_applied_event_is_not_discarded(engine: Engine, clerk: Clerk, akako: Any) -> None:
    sent = clerk.created()
    ledger.apply(engine, clerk, sent)

    done = akako("events", "discard", sent.svix_id, "msg_none", *WHY, "--json")

    assert (done.exit_code, statuses(engine)) == (1, {"applied": 1})
    assert "It is already applied; its changes remain." in done.stderr
    assert "msg_none: No event with this svix id" in done.stderr


@pytest.fixture
def stuck(engine: Engine, clerk: Clerk) -> Iterator[list[str]]:
    """Events of three sets, the last of which is locked by another transaction."""
    sent = [clerk.created(f"user_{number}", email=None) for number in range(2 * SET + 1)]
    ids = keep(engine, clerk, *sent)
    with holding(engine, "select from webhook_events where svix_id = %s for update", [ids[-1]]):
        yield ids


def test_a_discard_that_fails_prints_what_it_has_done(stuck: list[str], engine: Engine, akako: Any) -> None:
    done = akako("events", "discard", "-", *WHY, given="\n".join(stuck))

    assert (done.exit_code, done.stdout) == (1, "400 discarded, 0 skipped\n")
    assert "run the same command again" in done.stderr
    assert "lock timeout" in done.stderr
    assert statuses(engine) == {"discarded": 400, "received": 1}


@pytest.mark.recovery
def test_an_interrupted_discard_prints_what_it_has_done(stuck: list[str], engine: Engine, database: Database) -> None:
    running = subprocess.Popen(
        [Path(sys.executable).with_name("akako"), "events", "discard", *stuck, *WHY],
        env={"DATABASE_URL": database.app_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: statuses(engine).get("discarded") == 400)
    running.send_signal(signal.SIGINT)
    printed, advice = running.communicate(timeout=SECONDS)

    assert (running.returncode, printed) == (1, "400 discarded, 0 skipped\n")
    assert "run the same command again" in advice


@pytest.mark.parametrize("words", [("msg_1",), ("msg_1", "--reason", " "), (), ("--reason", "All of it.")])
def test_a_discard_without_a_reason_or_a_selection_exits_with_2(akako: Any, words: tuple[str, ...]) -> None:
    assert akako("events", "discard", *words).exit_code == 2
