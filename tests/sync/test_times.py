"""Times inside signed bodies are believed within bounds: none pins a user, and none denies what a user held."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import Implausible, Snapshot
from db import events
from db.audit import Author
from sync.apply import Applied, apply_snapshot
from sync.apply import apply as apply_ids
from sync.replay import ReplayRequest, replay
from tests.clerk_sender import ADA, Clerk, event, moment, user
from tests.ledger import actions, opened, rows, statuses, values
from tests.sync.conftest import Apply

FAR = 253_402_300_799_000
"""The last second of the year 9999, in milliseconds."""
NOW = datetime.now(UTC)


def ahead(seconds: float) -> int:
    """So long after now, in milliseconds."""
    return int((time.time() + seconds) * 1_000)


def test_a_version_in_the_far_future_is_parked_and_hides_no_ban(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    assert apply(clerk.updated(updated_at=FAR, first_name="Pinned")) == Applied(parked=1)
    assert apply(clerk.updated(at=1, banned=True)) == Applied(applied=1)
    assert rows(engine, "select first_name, banned from users") == [("Ada", True)]
    ((why,),) = rows(engine, "select last_error from webhook_events where status = 'parked'")
    assert "data.updated_at, 9999-12-31" in str(why)
    assert "rotate the signing secret" in str(why)


@pytest.mark.parametrize(("seconds", "status"), [(240, "applied"), (360, "parked")])
def test_a_version_may_be_five_minutes_ahead_of_its_delivery(
    engine: Engine, apply: Apply, clerk: Clerk, seconds: int, status: str
) -> None:
    apply(clerk.created(updated_at=ahead(seconds)))
    assert statuses(engine) == {status: 1}


def test_a_version_is_compared_with_its_own_delivery_however_late_it_is_applied(engine: Engine, clerk: Clerk) -> None:
    kept = opened(clerk, clerk.send(event("user.updated", user(updated_at=ahead(-3_000)))))
    with engine.begin() as connection:
        events.store(connection, [replace(kept, svix_timestamp=int(time.time()) - 3_600)])
    assert apply_ids(engine, [kept.svix_id], Role.LEARNER) == Applied(parked=1)


def test_a_deletion_in_the_far_future_is_parked(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    apply(clerk.send(event("user.deleted", {"id": ADA}, timestamp=FAR)))
    assert values(engine, "select deleted_at from users") == [None]
    assert statuses(engine) == {"applied": 1, "parked": 1}


def test_repeating_a_parked_version_does_not_apply_it(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    apply(far := clerk.updated(updated_at=FAR, first_name="Pinned"))
    order = ReplayRequest(author=Author(actor="operator:ada", reason="To see."), default_role=Role.LEARNER, force=True)
    done = replay(engine.begin, [far.svix_id], order)
    assert [left.svix_id for left in done.left] == [far.svix_id]
    assert values(engine, "select first_name from users") == ["Ada"]


def test_a_snapshot_without_a_delivery_is_compared_with_the_clock_of_the_database(engine: Engine) -> None:
    near, far = (Snapshot(clerk_id=ADA, version=NOW + timedelta(minutes=minutes)) for minutes in (4, 60))
    with pytest.raises(Implausible, match="clocks"):
        apply_snapshot(engine, far, "req_1", Role.LEARNER)
    assert values(engine, "select count(*) from users") == [0]
    apply_snapshot(engine, near, "req_1", Role.LEARNER)
    assert values(engine, "select count(*) from users") == [1]


def test_a_deletion_of_1970_ends_no_role_before_it_was_received(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(updated_at=ahead(-86_400), created_at=ahead(-86_400)))
    apply(clerk.send(event("user.deleted", {"id": ADA}, timestamp=1)))
    assert values(engine, "select deleted_at from users") == [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)]
    received = "select received_at from webhook_events where type = 'user.deleted'"
    assert values(engine, "select effective_end_date from user_roles") == values(engine, received)


def test_a_deletion_before_the_newest_snapshot_ends_no_role_before_that_snapshot(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0), clerk.updated(at=50_000))
    apply(clerk.deleted(at=10_000))
    assert values(engine, "select deleted_at from users") == [moment(10_000)]
    assert values(engine, "select effective_end_date >= %s from user_roles", moment(50_000)) == [True]


def test_a_deletion_after_the_newest_snapshot_ends_the_roles_with_the_user(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0), clerk.updated(at=50_000))
    apply(clerk.deleted(at=60_000))
    assert values(engine, "select effective_end_date from user_roles") == [moment(60_000)]


def test_a_deletion_that_turns_out_to_have_been_earlier_leaves_a_line(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(clerk.created(at=0))
    apply(clerk.deleted(at=9_000))
    apply(earlier := clerk.deleted(at=8_000))
    apply(clerk.deleted(at=9_500))
    assert values(engine, "select deleted_at from users") == [moment(8_000)]
    assert actions(engine) == ["user.created", "role.assigned", "user.deleted", "role.revoked", "user.deleted"]
    line = "select cause, before ->> 'deleted_at', after ->> 'deleted_at' from audit_log order by id desc limit 1"
    ((cause, before, after),) = rows(engine, line)
    assert (cause, datetime.fromisoformat(str(before)), datetime.fromisoformat(str(after))) == (
        earlier.svix_id,
        moment(9_000),
        moment(8_000),
    )
