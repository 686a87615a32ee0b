"""Deliveries of another Clerk instance than the pinned one are set aside."""

from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db import audit, clerk_instance
from db.audit import Author
from sync import replay
from sync.replay import ReplayRequest
from tests.clerk_sender import Clerk, event, user
from tests.ledger import apply, rows, statuses, values

ANOTHER = "ins_another"


def pin(engine: Engine, instance_id: str, reason: str = "") -> None:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason=reason)
        if not clerk_instance.pin(connection, instance_id, "development"):
            clerk_instance.repin(connection, instance_id, "development")


@pytest.mark.parametrize("kind", ["user.created", "user.updated", "user.deleted"])
def test_an_event_of_another_instance_is_parked_with_both_names(engine: Engine, clerk: Clerk, kind: str) -> None:
    pin(engine, "ins_ours")
    apply(engine, clerk, clerk.send(event(kind, user("user_ada"), instance_id=ANOTHER)))
    assert values(engine, "select clerk_id from users") == []
    [(status, why)] = rows(engine, "select status, last_error from webhook_events")
    assert status == "parked"
    assert ANOTHER in why
    assert "ins_ours" in why


@pytest.mark.parametrize("fields", [{"instance_id": "ins_ours"}, {"instance_id": None}, {"instance_id": 7}])
def test_an_event_of_the_pinned_instance_or_of_none_is_applied(
    engine: Engine, clerk: Clerk, fields: dict[str, Any]
) -> None:
    pin(engine, "ins_ours")
    apply(engine, clerk, clerk.send(event("user.created", user("user_ada"), **fields)))
    assert values(engine, "select clerk_id from users") == ["user_ada"]


def test_while_no_instance_is_pinned_every_event_is_applied(engine: Engine, clerk: Clerk) -> None:
    apply(engine, clerk, clerk.send(event("user.created", user("user_ada"), instance_id=ANOTHER)))
    assert values(engine, "select clerk_id from users") == ["user_ada"]


def test_an_event_that_is_not_used_is_ignored_whichever_instance_sent_it(engine: Engine, clerk: Clerk) -> None:
    pin(engine, "ins_ours")
    apply(engine, clerk, clerk.send(event("session.created", {"id": "sess_1"}, instance_id=ANOTHER)))
    assert statuses(engine) == {"ignored": 1}


def test_pinning_is_recorded_in_the_trail_with_author_and_reason(engine: Engine) -> None:
    pin(engine, "ins_ours")
    pin(engine, ANOTHER, "The instance was replaced.")
    lines = rows(
        engine,
        "select actor, reason, before ->> 'instance_id', after ->> 'instance_id' from audit_log"
        " where action = 'instance.pinned' order by id",
    )
    assert lines == [
        ("operator:ada", None, None, "ins_ours"),
        ("operator:ada", "The instance was replaced.", "ins_ours", ANOTHER),
    ]


def test_another_instance_is_not_pinned_without_a_reason(engine: Engine) -> None:
    pin(engine, "ins_ours")
    with pytest.raises(Exception, match="without saying who does it, and why"):
        pin(engine, ANOTHER)
    assert values(engine, "select instance_id from clerk_instance") == ["ins_ours"]


def test_a_parked_event_is_applied_by_a_replay_once_its_instance_is_pinned(engine: Engine, clerk: Clerk) -> None:
    pin(engine, "ins_ours")
    sent = clerk.send(event("user.created", user("user_ada"), instance_id=ANOTHER))
    apply(engine, clerk, sent)
    author = Author(actor="operator:ada", reason="The instance was replaced.")
    order = ReplayRequest(author=author, default_role=Role.LEARNER)
    assert replay.replay(engine.begin, [sent.svix_id], order).applied == 0
    pin(engine, ANOTHER, "The instance was replaced.")
    assert replay.replay(engine.begin, [sent.svix_id], order).applied == 1
    assert values(engine, "select clerk_id from users") == ["user_ada"]
