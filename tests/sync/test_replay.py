"""A replay makes true what is missing, never moves a user backwards, and is in the trail."""

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db.audit import Author
from db.permission import NotPermitted, Permission
from sync.apply import Applied
from sync.apply import apply as apply_ids
from sync.preview import preview
from sync.replay import DISCARDED, UNKNOWN, WITHOUT_BODY, ReplayRequest, ReplayResult, SkippedEvent, replay
from tests import people
from tests.clerk_sender import ADA, Clerk
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import at_once
from tests.sync.conftest import Apply

GRACE = Author(actor="operator:grace", reason="A fix.", cause="req_1")
ORDER = ReplayRequest(author=GRACE, default_role=Role.LEARNER)
INSISTING = ReplayRequest(author=GRACE, default_role=Role.LEARNER, force=True)
EVERYTHING = ("select * from users order by id", "select * from user_roles order by id")
EVENT_LINES = """
    select action, actor, reason, cause, before, after from audit_log where action like 'event.%%' order by id
"""
EVENTS = "select * from webhook_events order by svix_id"
FATE = "select status, last_error, applied_at is null from webhook_events"
POISON = "alter table users add constraint no_poison check (first_name <> 'Mithridates')"


def park(engine: Engine, *svix_ids: str) -> None:
    """Events as an older version would have left them."""
    change(
        engine,
        "update webhook_events set status = 'parked', last_error = 'Why.' where svix_id = any(%s)",
        list(svix_ids),
    )


def settle(engine: Engine, svix_id: str, status: str) -> None:
    """Bring an event into a status, as a person would."""
    change(
        engine,
        "with said as (select set_config('akako.reason', 'For a test.', true))"
        " update webhook_events set status = %s from said where svix_id = %s",
        status,
        svix_id,
    )


def test_an_event_that_was_applied_changes_nothing_when_it_is_applied_again(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    sent = [clerk.created(at=0), clerk.updated(at=5, email="new@example.com"), clerk.updated(at=3, banned=True)]
    apply(*sent)
    before = [rows(engine, each) for each in (*EVERYTHING, EVENTS)]
    assert replay(engine.begin, [each.svix_id for each in sent], ORDER) == ReplayResult(applied=3)
    assert [rows(engine, each) for each in (*EVERYTHING, EVENTS)] == before
    assert actions(engine)[2:] == ["event.replayed"]


def test_what_is_missing_is_made_true_again_on_the_account_of_who_asked(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk
) -> None:
    sent = clerk.created(banned=True)
    apply(sent)
    change(engine, "update users set banned = false, clerk_updated_at = clerk_updated_at - interval '1 day'")
    assert replay(engine.begin, [sent.svix_id], ORDER) == ReplayResult(applied=1)
    assert values(engine, "select banned from users") == [True]
    last = "select action, actor, reason, cause from audit_log order by id desc limit 2"
    assert rows(engine, last) == [
        ("event.replayed", "operator:grace", "A fix.", sent.svix_id),
        ("user.banned", "operator:grace", "A fix.", sent.svix_id),
    ]


def test_a_parked_event_that_is_understood_now_is_applied_and_has_a_line_of_its_own(
    engine: Engine, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    park(engine, svix_id)
    assert replay(engine.begin, [svix_id], ORDER) == ReplayResult(applied=1)
    assert statuses(engine) == {"applied": 1}
    assert rows(engine, EVENT_LINES) == [
        ("event.replayed", "operator:grace", "A fix.", svix_id, {"status": "parked"}, {"status": "applied"})
    ]


def test_a_parked_event_that_is_still_not_understood_is_left_with_its_reason(engine: Engine, clerk: Clerk) -> None:
    (svix_id,) = keep(engine, clerk, clerk.updated(updated_at=None))
    done = replay(engine.begin, [svix_id], ORDER)
    assert [left.svix_id for left in done.left] == [svix_id]
    assert "has no version" in done.left[0].why
    assert (statuses(engine), actions(engine)) == ({"parked": 1}, [])


def test_an_event_that_waits_and_is_not_understood_is_parked_on_the_account_of_who_asked(
    engine: Engine, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.updated(updated_at=None))
    settle(engine, svix_id, "received")
    before = rows(engine, EVENT_LINES)
    done = replay(engine.begin, [svix_id], ORDER)
    assert [left.svix_id for left in done.left] == [svix_id]
    assert statuses(engine) == {"parked": 1}
    assert rows(engine, EVENT_LINES) == [*before, ("event.replayed", "operator:grace", "A fix.", svix_id, None, {})]


def test_an_event_that_waits_is_applied_without_waiting_any_longer(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, clerk.created())
    change(engine, "update webhook_events set attempts = 3, next_attempt_at = now() + interval '1 day'")
    assert replay(engine.begin, ids, ORDER) == ReplayResult(applied=1)
    assert rows(engine, EVENT_LINES) == [("event.replayed", "operator:grace", "A fix.", ids[0], None, {})]


def test_an_ignored_event_is_ignored_again(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, clerk.send(b'{"type": "session.created"}'))
    assert replay(engine.begin, ids, ORDER) == ReplayResult(ignored=1)
    assert statuses(engine) == {"ignored": 1}


def test_an_event_that_another_version_ignored_is_applied(engine: Engine, clerk: Clerk) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    change(engine, "update webhook_events set status = 'ignored', last_error = 'Why.'")
    assert replay(engine.begin, [svix_id], ORDER) == ReplayResult(applied=1)
    assert rows(engine, FATE) == [("applied", None, False)]


def test_a_discarded_event_is_replayed_only_if_discarded_ones_are_asked_for(engine: Engine, clerk: Clerk) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    settle(engine, svix_id, "discarded")
    assert replay(engine.begin, [svix_id], ORDER) == ReplayResult(left=[SkippedEvent(svix_id, DISCARDED)])
    asked = ReplayRequest(author=GRACE, default_role=Role.LEARNER, discarded=True)
    assert replay(engine.begin, [svix_id], asked) == ReplayResult(applied=1)
    assert actions(engine) == ["event.discarded", "user.created", "role.assigned", "event.replayed"]


def test_an_event_without_a_body_and_an_unknown_one_are_left_and_the_others_are_applied(
    engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    ids = keep(engine, clerk, clerk.created(), clerk.created("user_bea", email=None))
    apply_ids(engine, ids[:1], Role.LEARNER)
    change(owner, "update webhook_events set received_at = received_at - interval '91 days'")
    change(owner, "update webhook_events set body = null where svix_id = %s", ids[0])
    done = replay(engine.begin, [*ids, "msg_none"], ORDER)
    assert done.applied == 1
    assert {(left.svix_id, left.why) for left in done.left} == {(ids[0], WITHOUT_BODY), ("msg_none", UNKNOWN)}


def test_a_poisoned_event_is_left_and_its_neighbours_are_applied(engine: Engine, owner: Engine, clerk: Clerk) -> None:
    change(owner, POISON)
    names = ["Ada", "Bea", "Mithridates", "Cyd", "Dee"]
    sent = [clerk.created(f"user_{name}", email=None, first_name=name) for name in names]
    ids = keep(engine, clerk, *sent)
    done = replay(engine.begin, ids, ORDER)
    assert (done.applied, [left.svix_id for left in done.left]) == (4, [ids[2]])
    assert "constraint no_poison" in done.left[0].why
    assert "Mithridates" not in done.left[0].why
    assert statuses(engine) == {"applied": 4, "received": 1}


def test_many_events_applied_again_are_one_line_that_names_each(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = [clerk.created(f"user_{number}", email=None) for number in range(5)]
    apply(*sent)
    ids = [each.svix_id for each in sent]
    replay(engine.begin, ids, ORDER)
    named = {"svix_ids": sorted(ids)}
    assert rows(engine, EVENT_LINES) == [("event.replayed", "operator:grace", "A fix.", "req_1", None, named)]


def test_a_replay_and_workers_at_once_have_one_effect(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, *(clerk.created(f"user_{n}", at=n, email=f"{n % 7}@example.com") for n in range(60)))
    at_once(
        lambda: replay(engine.begin, ids, ORDER).applied,
        lambda: replay(engine.begin, ids[::-1], ORDER).applied,
        lambda: apply_ids(engine, ids, Role.LEARNER).applied,
    )
    assert statuses(engine) == {"applied": 60}
    assert actions(engine).count("user.created") == 60
    assert values(engine, "select count(*) from user_roles") == [60]


def by(clerk_id: str) -> ReplayRequest:
    """The order of an admin, who is checked in each transaction."""
    permission = Permission(clerk_id=clerk_id, roles=frozenset({Role.ADMIN}))
    return ReplayRequest(
        author=Author(actor=clerk_id, reason="A fix.", permission=permission), default_role=Role.LEARNER
    )


def test_an_admin_who_lost_the_role_replays_nothing(engine: Engine, clerk: Clerk) -> None:
    people.add(engine, "user_admin")
    ids = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(5)))
    before = [rows(engine, each) for each in (*EVERYTHING, EVENTS)]
    for asked in (ids, ["msg_none"]):
        with pytest.raises(NotPermitted):
            replay(engine.begin, asked, by("user_admin"))
    with pytest.raises(NotPermitted):
        preview(engine, [ids], by("user_admin"))
    assert [rows(engine, each) for each in (*EVERYTHING, EVENTS)] == before


def test_replaying_admins_who_are_among_the_users_and_workers_never_wait_for_each_other(
    engine: Engine, clerk: Clerk
) -> None:
    names = [f"user_{number:02}" for number in range(60)]
    admins = ("user_10", "user_50")
    for name in names:
        people.add(engine, name, *([Role.ADMIN] if name in admins else []))
    ids = keep(engine, clerk, *(clerk.updated(name, at=9_000 + n, email=None) for n, name in enumerate(names)))
    others = keep(engine, clerk, *(clerk.updated(name, at=9_900, email=None) for name in names))

    done = at_once(
        lambda: replay(engine.begin, ids, by(admins[0])).left,
        lambda: replay(engine.begin, ids[::-1], by(admins[1])).left,
        lambda: preview(engine, [others[:30], others[30:]], by(admins[0]))[0].left,
        lambda: apply_ids(engine, others, Role.LEARNER).failed or [],
    )

    assert done == [[], [], [], []]
    assert statuses(engine) == {"applied": 120}


def test_an_older_event_counts_if_a_person_insists_and_the_next_newer_one_counts_again(
    engine: Engine, apply: Apply, clerk: Clerk
) -> None:
    old, new = clerk.created(at=0, first_name="Ada"), clerk.updated(at=5_000, first_name="Augusta")
    apply(old, new)
    assert replay(engine.begin, [old.svix_id], ORDER) == ReplayResult(applied=1)
    assert values(engine, "select first_name from users") == ["Augusta"]
    assert replay(engine.begin, [old.svix_id], INSISTING) == ReplayResult(applied=1)
    assert values(engine, "select first_name from users") == ["Ada"]
    assert rows(engine, EVENT_LINES)[-1][-1] == {"forced": True}
    replay(engine.begin, [new.svix_id], ORDER)
    assert values(engine, "select first_name from users") == ["Augusta"]


def test_a_user_set_back_gives_an_address_to_its_later_claimant(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    office = "office@example.com"
    old = clerk.created("user_ada", at=1_000, email=office)
    apply(old)
    apply(clerk.updated("user_bea", at=2_000, email=office))
    apply(clerk.updated("user_ada", at=3_000, email=office))
    holders = "select clerk_id from users where email = 'office@example.com'"
    assert values(engine, holders) == ["user_ada"]
    replay(engine.begin, [old.svix_id], INSISTING)
    assert values(engine, holders) == ["user_bea"]


@pytest.mark.parametrize("order", [ORDER, INSISTING], ids=["", "insisting"])
def test_a_tombstone_is_never_undone(engine: Engine, apply: Apply, clerk: Clerk, order: ReplayRequest) -> None:
    created = clerk.created(at=0)
    apply(created, clerk.deleted(at=5_000))
    before = [rows(engine, each) for each in EVERYTHING]
    assert replay(engine.begin, [created.svix_id], order) == ReplayResult(applied=1)
    assert [rows(engine, each) for each in EVERYTHING] == before


def test_insisting_gives_no_default_role_again(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    old = clerk.created(at=0)
    apply(old, clerk.updated(at=9))
    change(engine, "update user_roles set effective_end_date = now(), is_active = false")
    replay(engine.begin, [old.svix_id], INSISTING)
    assert values(engine, "select count(*) from user_roles where is_active") == [0]


def test_a_worker_applies_what_comes_after_a_replay_as_ever(engine: Engine, apply: Apply, clerk: Clerk) -> None:
    sent = clerk.created(at=0)
    apply(sent)
    replay(engine.begin, [sent.svix_id], ORDER)
    assert apply(clerk.updated(at=1, banned=True)) == Applied(applied=1)
    assert rows(engine, "select actor, reason from audit_log order by id desc limit 1") == [("clerk", None)]
    assert ADA in values(engine, "select clerk_id from users")
