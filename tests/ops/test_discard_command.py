from typing import Any

import pytest
from sqlalchemy import Engine

from tests import ledger
from tests.clerk_says import Clerk
from tests.ledger import keep, rows, statuses

WHY = ("--reason", "A test of ours.", "--by", "grace")


def test_parked_and_waiting_events_are_discarded_with_a_line_each(engine: Engine, clerk: Clerk, akako: Any) -> None:
    ids = keep(engine, clerk, clerk.created(), clerk.updated(updated_at=None))

    done = akako("events", "discard", *ids, *WHY)

    assert (done.exit_code, done.stdout) == (0, "2 discarded, 0 left\n")
    assert statuses(engine) == {"discarded": 2}
    lines = rows(engine, "select action, actor, reason, cause from audit_log")
    assert sorted(lines) == sorted(("event.discarded", "operator:grace", "A test of ours.", each) for each in ids)


def test_what_was_applied_is_not_discarded(engine: Engine, clerk: Clerk, akako: Any) -> None:
    sent = clerk.created()
    ledger.apply(engine, clerk, sent)

    done = akako("events", "discard", sent.svix_id, "msg_none", *WHY, "--json")

    assert (done.exit_code, statuses(engine)) == (1, {"applied": 1})
    assert "It is applied: what it changed stays." in done.stderr
    assert "msg_none: We keep no delivery" in done.stderr


@pytest.mark.parametrize("words", [("msg_1",), ("msg_1", "--reason", " "), (), ("--reason", "All of it.")])
def test_a_discard_without_a_reason_or_a_choice_ends_with_2(akako: Any, words: tuple[str, ...]) -> None:
    assert akako("events", "discard", *words).exit_code == 2
