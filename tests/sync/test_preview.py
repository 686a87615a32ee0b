"""A preview changes nothing, and a replay then makes exactly the difference that it showed."""

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db import row_images
from db.audit import AuditEntry, Author
from db.row_images import UserImage
from sync import difference
from sync.difference import Change
from sync.preview import preview
from sync.replay import ReplayRequest, replay
from tests.clerk_sender import ADA, Clerk, Sent
from tests.ledger import change, keep, rows, values
from tests.meanwhile import holding, waiting_for_a_lock
from tests.sync.conftest import Apply

GRACE = Author(actor="operator:grace", reason="A fix.", cause="req_1")
LINES = "select action, clerk_user_id, role, actor, reason, cause, before, after - 'user_id' from audit_log order by id"
WHOLE = ("select * from users", "select * from user_roles", "select * from audit_log", "select * from webhook_events")
USERS = ("user_ada", "user_bea", "user_cyd", "user_dee")


def order(*, force: bool = False) -> ReplayRequest:
    return ReplayRequest(author=GRACE, default_role=Role.LEARNER, force=force)


def told(line: AuditEntry) -> tuple[object, ...]:
    """A line without the numbers that come from a sequence."""
    after = {name: value for name, value in (line.after or {}).items() if name != "user_id"}
    said = (line.action, line.clerk_user_id, line.role, line.actor, line.reason, line.cause, line.before)
    return (*said, None if line.after is None else after)


def everybody(engine: Engine) -> dict[str, UserImage]:
    with engine.begin() as connection:
        return row_images.read(connection, USERS)


def eventful(engine: Engine, apply: Apply, clerk: Clerk) -> list[str]:
    """Events of every fate, in sets that touch the same users again: missing, parked, waiting, older, poisoned."""
    applied = [clerk.created("user_ada", at=0, banned=True), clerk.created("user_bea", at=1, email="bea@example.com")]
    apply(*applied)
    change(engine, "update users set banned = false, clerk_updated_at = '2024-01-01Z' where clerk_id = 'user_ada'")
    waiting: list[Sent] = [
        clerk.created("user_cyd", at=2, email="bea@example.com"),
        clerk.deleted("user_bea", at=7_000),
        clerk.updated("user_cyd", at=9, email="cyd@example.com"),
        clerk.created("user_dee", at=3, email=None, first_name="Mithridates"),
        clerk.updated("user_ada", updated_at=None),
    ]
    return [each.svix_id for each in applied] + keep(engine, clerk, *waiting)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_replay_makes_exactly_the_difference_that_its_preview_showed(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk, size: int
) -> None:
    change(owner, "alter table users add constraint no_poison check (first_name <> 'Mithridates')")
    ids = eventful(engine, apply, clerk)
    sets = [ids[start : start + size] for start in range(0, len(ids), size)]
    before, trail, whole = everybody(engine), len(rows(engine, LINES)), [rows(engine, each) for each in WHOLE]

    foreseen, shown = preview(engine, sets, order())
    assert [rows(engine, each) for each in WHOLE] == whole

    done = [replay(engine.begin, part, order()) for part in sets]
    made = difference.between(before, everybody(engine), [])
    assert (shown.users, shown.roles) == (made.users, made.roles)
    assert [told(line) for line in shown.lines] == rows(engine, LINES)[trail:]
    assert foreseen.applied == sum(each.applied for each in done) == 5
    assert foreseen.left == [left for each in done for left in each.left]


def test_nothing_is_foreseen_where_nothing_is_missing(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = clerk.created()
    apply(sent)
    _, shown = preview(engine, [[sent.svix_id]], order())
    assert (shown.users, shown.roles) == ([], [])
    assert [line.action for line in shown.lines] == ["event.replayed"]


def test_what_insisting_would_move_back_is_shown_column_by_column(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    old = clerk.created(at=0, first_name="Ada")
    apply(old, clerk.updated(at=1_000, first_name="Augusta"))
    _, shown = preview(engine, [[old.svix_id]], order(force=True))
    before = {"first_name": "Augusta", "clerk_updated_at": "2025-01-01T00:00:01+00:00"}
    after = {"first_name": "Ada", "clerk_updated_at": "2025-01-01T00:00:00+00:00"}
    assert shown.users == [Change(ADA, None, None, before, after)]
    assert values(engine, "select first_name from users") == ["Augusta"]


def test_what_is_personal_can_be_hidden(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, clerk.created())
    _, shown = preview(engine, [ids], order())
    assert "ada@example.com" in str(shown)
    redacted = shown.redacted()
    assert [word for word in ("ada@example.com", "Lovelace", "img.example.com") if word in str(redacted)] == []
    assert redacted.users[0].after is not None
    assert redacted.users[0].after["banned"] is False


def test_what_the_trail_would_say_is_hidden_with_it(engine: Engine, owner: Engine, apply: Apply, clerk: Clerk) -> None:
    apply(clerk.created(at=0))
    change(owner, "update user_roles set assigned_by_email = 'admin@example.com'")
    ids = keep(engine, clerk, clerk.deleted(at=9_000))
    _, shown = preview(engine, [ids], order())
    assert "admin@example.com" in str(shown.lines)
    assert "admin@example.com" not in str(shown.redacted())


def test_a_preview_takes_users_in_the_order_that_everybody_keeps_whatever_the_order_of_its_sets(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(*(clerk.created(name, at=0, email=None) for name in USERS))
    ids = keep(engine, clerk, *(clerk.updated(name, at=1, email=None, banned=True) for name in reversed(USERS)))
    free = "select clerk_id from users where clerk_id <> 'user_ada' for no key update skip locked"
    with (
        holding(engine, "select from users where clerk_id = 'user_ada' for no key update") as other,
        waiting_for_a_lock(engine, lambda: preview(engine, [[svix_id] for svix_id in ids], order())) as previewing,
    ):
        with engine.begin() as connection:
            assert set(connection.exec_driver_sql(free).scalars()) == set(USERS) - {"user_ada"}
        other.commit()
        assert previewing.result()[0].applied == len(ids)
