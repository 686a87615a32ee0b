"""Deletions above the limit are held: the user stays as is, and a person decides."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from akako_guard.role import Role
from clerk.user import Deletion
from db import deletion_holds
from db.audit import Author
from db.deletion_holds import HoldKind
from sync import apply as worker
from sync import hold_decisions
from sync.apply import Applied, apply_absences
from sync.deletion_holds import WHY_HELD
from sync.deletion_limits import DEFAULT_LIMITS, Limit
from sync.discard import discard
from sync.hold_decisions import NOT_HELD, SkippedHold
from sync.preview import preview
from sync.replay import HELD, ReplayRequest, SkippedEvent, replay
from tests.clerk_sender import ADA, Clerk, Sent, moment
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import at_once, holding, waiting_for_a_lock

GRACE = Author(actor="operator:grace", reason="It was a mistake.")
NONE, ONE, TWO = Limit(0, 0), Limit(1, 0), Limit(2, 0)
OPEN = "select clerk_id from deletion_holds where ended_at is null order by id"
USERS = "select clerk_id, email, deleted_at, banned, access_ended, first_name from users order by clerk_id"
ROLES = """
    select clerk_id, role, effective_start_date, effective_end_date, is_active, end_reason
    from user_roles join users on users.id = user_id order by 1, 2, 3
"""
LIVING = "select clerk_id from users where deleted_at is null order by clerk_id"


def people(engine: Engine, clerk: Clerk, count: int) -> list[str]:
    """Living users."""
    ids = [f"user_{number:03}" for number in range(count)]
    sent = [clerk.created(clerk_id, email=f"{clerk_id}@example.com") for clerk_id in ids]
    worker.apply(engine, keep(engine, clerk, *sent), Role.LEARNER)
    return ids


def apply(engine: Engine, clerk: Clerk, *sent: Sent, limit: Limit = NONE) -> Applied:
    """Keep deliveries and apply them as one set."""
    return worker.apply(engine, keep(engine, clerk, *sent), Role.LEARNER, limit=limit)


def hold(engine: Engine, clerk: Clerk, clerk_id: str = ADA, at: int = 9_000) -> Sent:
    """A user whose deletion is held."""
    sent = clerk.deleted(clerk_id, at=at)
    apply(engine, clerk, clerk.created(clerk_id, email=f"{clerk_id}@example.com"))
    assert apply(engine, clerk, sent) == Applied(held=1)
    return sent


def statements(engine: Engine, work: Sequence[str], limit: Limit = DEFAULT_LIMITS.signed) -> list[str]:
    """The statements that applying these events runs."""
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    try:
        worker.apply(engine, work, Role.LEARNER, limit=limit)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def test_a_deletion_above_the_limit_leaves_the_user_as_is(engine: Engine, clerk: Clerk) -> None:
    apply(engine, clerk, clerk.created())
    before = rows(engine, USERS), rows(engine, ROLES)
    sent = clerk.deleted(at=9_000)
    assert apply(engine, clerk, sent) == Applied(held=1)
    assert (rows(engine, USERS), rows(engine, ROLES)) == before
    assert rows(engine, "select status, last_error, applied_at from webhook_events where type = 'user.deleted'") == [
        ("held", WHY_HELD, None)
    ]
    found = "select clerk_id, kind, svix_id, cause, occurred_at, confirmed_at, outcome from deletion_holds"
    assert rows(engine, found) == [(ADA, "signed", sent.svix_id, sent.svix_id, moment(9_000), None, None)]
    lines = "select action, actor, cause from audit_log where action like 'deletion.%%'"
    assert rows(engine, lines) == [("deletion.held", "clerk", sent.svix_id)]


def test_the_deletions_that_were_received_first_are_applied(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 5)
    first, second = [clerk.deleted(ids[4]), clerk.deleted(ids[1])], [clerk.deleted(each) for each in (ids[0], ids[2])]
    svix_ids = [each for sent in (*first, *second) for each in keep(engine, clerk, sent)]
    assert worker.apply(engine, svix_ids[::-1], Role.LEARNER, limit=TWO) == Applied(applied=2, held=2)
    assert values(engine, OPEN) == [ids[0], ids[2]]
    assert values(engine, LIVING) == [ids[0], ids[2], ids[3]]


def test_the_limit_holds_for_an_hour_over_all_sets(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 4)
    done = [apply(engine, clerk, clerk.deleted(each), limit=TWO) for each in ids]
    assert [(each.applied, each.held) for each in done] == [(1, 0), (1, 0), (0, 1), (0, 1)]


def test_each_minute_of_an_hour_has_a_row_of_its_own(engine: Engine) -> None:
    # In the last half second of a minute, too, where a cast would round up to the next one.
    found = rows(
        engine,
        f"""
        select {deletion_holds.SLOT} from generate_series(0, 3659.75, 0.25) as second,
               date_trunc('minute', timestamptz '2026-11-28 07:00Z' + second * interval '1 second') as minute
        """,
    )
    slots = [slot for (slot,) in found]
    assert [slots[quarter] for quarter in range(0, len(slots), 240)] == list(dict.fromkeys(slots))
    assert Counter(slots) == dict.fromkeys(slots, 240)


def test_deletions_of_more_than_an_hour_ago_do_not_count(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 3)
    apply(engine, clerk, clerk.deleted(ids[0]), limit=ONE)
    change(engine, "update deletion_counts set minute = minute - interval '60 minutes'")
    assert apply(engine, clerk, clerk.deleted(ids[1]), limit=ONE).held == 1
    change(engine, "update deletion_counts set minute = minute - interval '1 minute'")
    assert apply(engine, clerk, clerk.deleted(ids[2]), limit=ONE).applied == 1
    assert values(engine, "select count(*) from deletion_counts") == [1]


def test_a_percentage_of_the_living_is_admitted(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 10)
    done = [apply(engine, clerk, clerk.deleted(each), limit=Limit(1, 40)) for each in ids]
    assert [each.applied for each in done] == [1] * 4 + [0] * 6


def test_only_deletions_of_living_users_count(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 2)
    assert apply(engine, clerk, clerk.deleted("user_unknown"), limit=ONE) == Applied(applied=1)
    gone = clerk.deleted(ids[0])
    assert apply(engine, clerk, gone, clerk.deleted(ids[0]), limit=ONE) == Applied(applied=2)
    assert apply(engine, clerk, clerk.deleted(ids[0]), limit=ONE) == Applied(applied=1)
    assert (
        apply(engine, clerk, clerk.created("user_new", email=None), clerk.deleted("user_new"), limit=ONE).applied == 2
    )
    assert apply(engine, clerk, clerk.deleted(ids[1]), limit=ONE).held == 1


@pytest.mark.properties
def test_two_workers_do_not_each_pass_the_limit(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 40)
    sets = [keep(engine, clerk, *(clerk.deleted(each) for each in ids[start::4])) for start in range(4)]

    def work(number: int) -> Applied:
        return worker.apply(engine, sets[number], Role.LEARNER, limit=Limit(15, 0))

    done = at_once(*((lambda number=number: work(number)) for number in range(4)))
    assert (sum(each.applied for each in done), sum(each.held for each in done)) == (15, 25)
    assert len(values(engine, LIVING)) == 25
    assert values(engine, "select sum(deletions) from deletion_counts") == [15]


@pytest.mark.parametrize(("ends", "expected"), [("commit", Applied(held=1)), ("rollback", Applied(applied=1))])
def test_the_second_of_two_transactions_waits_and_counts_only_what_the_first_committed(
    engine: Engine, clerk: Clerk, ends: str, expected: Applied
) -> None:
    people(engine, clerk, 1)
    second = keep(engine, clerk, clerk.deleted("user_000"))
    with engine.connect() as first:
        deletion_holds.lock(first)
        deletion_holds.count(first, HoldKind.SIGNED, 1)
        with waiting_for_a_lock(engine, lambda: worker.apply(engine, second, Role.LEARNER, limit=ONE)) as waiting:
            getattr(first, ends)()
    assert waiting.result() == expected


def test_a_worker_that_is_killed_before_its_commit_leaves_nothing_behind(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 2)
    svix_ids = keep(engine, clerk, *map(clerk.deleted, ids))

    def kill(connection: Connection, _: object, statement: str, *__: object) -> None:
        if "insert into deletion_holds" in statement:
            pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
            assert values(engine, "select pg_terminate_backend(%s)", pid) == [True]

    event.listen(engine, "after_cursor_execute", kill)
    with pytest.raises(OperationalError):
        worker.apply(engine, svix_ids, Role.LEARNER, limit=ONE)
    event.remove(engine, "after_cursor_execute", kill)
    assert (statuses(engine)["received"], values(engine, OPEN), len(values(engine, LIVING))) == (2, [], 2)
    assert worker.apply(engine, svix_ids, Role.LEARNER, limit=ONE) == Applied(applied=1, held=1)


def test_while_another_transaction_keeps_the_lock_only_deletions_are_left_to_the_sweep(
    engine: Engine, clerk: Clerk
) -> None:
    ids = people(engine, clerk, 2)
    svix_ids = keep(engine, clerk, clerk.deleted(ids[0]), clerk.updated(ids[1], at=5, email=None, first_name="Bea"))
    with holding(engine, "select from locks where name = 'deletions' for update"):
        done = _apply_with_short_locks(engine, svix_ids)
    assert (done.applied, done.held, statuses(engine)["received"]) == (1, 0, 1)
    assert worker.apply(engine, svix_ids, Role.LEARNER) == Applied(applied=1)


def _apply_with_short_locks(engine: Engine, svix_ids: list[str]) -> Applied:
    def shorten(connection: Connection) -> None:
        connection.exec_driver_sql("set local lock_timeout = '200ms'")

    event.listen(engine, "begin", shorten)
    try:
        return worker.apply(engine, svix_ids, Role.LEARNER)
    finally:
        event.remove(engine, "begin", shorten)


def test_a_set_without_deletions_asks_for_no_limit(engine: Engine, clerk: Clerk) -> None:
    people(engine, clerk, 2)
    sent = [clerk.updated(f"user_00{number}", at=5, email=f"user_00{number}@example.com") for number in range(2)]
    run = statements(engine, keep(engine, clerk, *sent))
    expected = (
        "select svix_id", "select id", "select claimant.id", "select set_config", "update users",
        "select is_on", "update webhook_events",
    )  # fmt: skip
    assert [each for each, begins in zip(run, expected, strict=True) if not each.startswith(begins)] == []


def test_a_deletion_costs_three_statements_more(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 3)
    run = statements(engine, keep(engine, clerk, *map(clerk.deleted, ids)))
    assert [each for each in run if "locks" in each or "deletion_" in each] == [
        each
        for each in run
        if each.startswith(("select from locks", "select coalesce((", "insert into deletion_counts"))
    ]
    assert not any("count(*)" in each for each in run)


def test_later_and_earlier_events_of_a_held_user_are_applied(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    apply(engine, clerk, clerk.updated(at=5_000, email="new@example.com", first_name="Augusta"))
    apply(engine, clerk, clerk.updated(at=99_000, email="new@example.com", banned=True, first_name="Countess"))
    assert rows(engine, "select first_name, email, banned, deleted_at from users") == [("Countess", None, True, None)]
    assert values(engine, OPEN) == [ADA]


def test_an_update_in_the_set_of_a_held_deletion_is_applied(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 2)
    taken = clerk.updated(ids[0], at=5_000, email=f"{ids[1]}@example.com")
    assert apply(engine, clerk, clerk.deleted(ids[0], at=9_000), taken) == Applied(applied=1, held=1)
    assert rows(engine, "select claimed_email, email from users where clerk_id = %s", ids[0]) == [
        (f"{ids[1]}@example.com", f"{ids[1]}@example.com")
    ]


def test_a_second_deletion_of_a_held_user_joins_the_hold(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    assert apply(engine, clerk, clerk.deleted(at=8_000), limit=DEFAULT_LIMITS.signed) == Applied(held=1)
    assert (values(engine, OPEN), statuses(engine)["held"]) == ([ADA], 2)


def test_the_same_event_delivered_again_stays_held(engine: Engine, clerk: Clerk) -> None:
    sent = hold(engine, clerk)
    assert apply(engine, clerk, clerk.again(sent), limit=DEFAULT_LIMITS.signed) == Applied()
    assert statuses(engine) == {"applied": 1, "held": 1}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_released_deletion_ends_as_one_that_was_applied_at_once(
    engine: Engine, clerk: Clerk, order: tuple[int, ...]
) -> None:
    changes = [
        lambda who: clerk.updated(who, at=4_000, email=f"{who}@example.org"),
        lambda who: clerk.deleted(who, at=9_000),
        lambda who: clerk.updated(who, at=7_000, email=f"{who}@example.com", banned=True),
    ]
    people(engine, clerk, 2)
    for number in order:
        apply(engine, clerk, changes[number]("user_000"), limit=NONE)
        apply(engine, clerk, changes[number]("user_001"), limit=DEFAULT_LIMITS.signed)
    hold_decisions.release(engine.begin, ["user_000"], GRACE)
    users = [row[1:] for row in rows(engine, USERS)]
    roles = [row[1:] for row in rows(engine, ROLES)]
    assert (users[0], roles[0]) == (users[1], roles[1])
    assert statuses(engine) == {"applied": 8}


def test_a_release_applies_the_deletion_and_names_who_released_it(engine: Engine, clerk: Clerk) -> None:
    sent = hold(engine, clerk)
    done = hold_decisions.release(engine.begin, [ADA, "user_none"], GRACE)
    assert (done.done, done.left) == ([ADA], [SkippedHold("user_none", NOT_HELD)])
    assert rows(engine, "select deleted_at, first_name from users") == [(moment(9_000), None)]
    assert rows(engine, "select status, last_error from webhook_events where svix_id = %s", sent.svix_id) == [
        ("applied", None)
    ]
    assert rows(engine, "select outcome, ended_by, reason from deletion_holds") == [
        ("released", "operator:grace", "It was a mistake.")
    ]
    lines = "select action, cause, reason from audit_log where actor = 'operator:grace' order by action"
    assert rows(engine, lines) == [
        (action, sent.svix_id, "It was a mistake.")
        for action in ("deletion.released", "event.released", "role.revoked", "user.deleted")
    ]


def test_a_rejection_discards_the_events_and_keeps_the_user(engine: Engine, clerk: Clerk) -> None:
    sent = hold(engine, clerk)
    apply(engine, clerk, clerk.deleted(at=9_500))
    before = rows(engine, USERS), rows(engine, ROLES)
    assert hold_decisions.reject(engine.begin, [ADA], GRACE).done == [ADA]
    assert (rows(engine, USERS), rows(engine, ROLES)) == before
    assert statuses(engine) == {"applied": 1, "discarded": 2}
    assert actions(engine)[-3:] == ["event.discarded", "event.discarded", "deletion.rejected"]
    assert rows(engine, "select outcome, reason, svix_id from deletion_holds") == [
        ("rejected", "It was a mistake.", sent.svix_id)
    ]
    assert hold_decisions.release(engine.begin, [ADA], GRACE).left == [SkippedHold(ADA, NOT_HELD)]


def test_a_decision_is_final(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    with pytest.raises(Exception, match="is refused"):
        change(engine, "update deletion_holds set outcome = 'released'")


def test_a_rejected_user_who_is_deleted_again_is_a_new_deletion(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    assert apply(engine, clerk, clerk.deleted(at=10_000)) == Applied(held=1)
    assert values(engine, "select outcome from deletion_holds order by id") == ["rejected", None]


def test_releases_do_not_count_towards_the_limit(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    hold_decisions.release(engine.begin, [ADA], GRACE)
    people(engine, clerk, 1)
    assert apply(engine, clerk, clerk.deleted("user_000"), limit=ONE) == Applied(applied=1)


@pytest.mark.properties
def test_a_release_and_a_rejection_and_a_webhook_at_once_agree(engine: Engine, clerk: Clerk) -> None:
    for number in range(12):
        who = f"user_{number}"
        hold(engine, clerk, who)
        again = keep(engine, clerk, clerk.deleted(who, at=9_500))
        done = at_once(
            lambda: hold_decisions.release(engine.begin, [who], GRACE).done,  # noqa: B023
            lambda: hold_decisions.reject(engine.begin, [who], GRACE).done,  # noqa: B023
            lambda: [str(worker.apply(engine, again, Role.LEARNER, limit=NONE).held)],  # noqa: B023
        )
        outcomes = values(engine, "select outcome from deletion_holds where clerk_id = %s order by id", who)
        deleted = values(engine, "select deleted_at is not null from users where clerk_id = %s", who) == [True]
        assert [bool(each) for each in done[:2]].count(True) == (2 if len(outcomes) > 1 and None not in outcomes else 1)
        assert deleted == ("released" in outcomes)
        held = values(engine, "select count(*) from webhook_events where clerk_user_id = %s and status = 'held'", who)
        assert (held == [0]) == (None not in outcomes)


def test_a_replay_does_not_go_around_a_hold(engine: Engine, clerk: Clerk) -> None:
    sent = hold(engine, clerk)
    order = ReplayRequest(author=GRACE, default_role=Role.LEARNER, force=True)
    assert replay(engine.begin, [sent.svix_id], order).left == [SkippedEvent(sent.svix_id, HELD)]
    with engine.begin() as connection:
        assert discard(connection, [sent.svix_id], GRACE) == [SkippedEvent(sent.svix_id, HELD)]
    assert values(engine, OPEN) == [ADA]


def test_a_replay_of_deletions_is_held_above_the_limit(engine: Engine, clerk: Clerk) -> None:
    people(engine, clerk, 2)
    svix_ids = [each for number in range(2) for each in keep(engine, clerk, clerk.deleted(f"user_00{number}"))]
    order = ReplayRequest(author=GRACE, default_role=Role.LEARNER, limit=ONE)
    seen, _ = preview(engine, [svix_ids], order)
    assert (seen.applied, seen.left) == (1, [SkippedEvent(svix_ids[1], WHY_HELD)])
    assert values(engine, OPEN) == []
    assert replay(engine.begin, svix_ids, order) == seen
    assert (values(engine, OPEN), statuses(engine)["held"]) == (["user_001"], 1)


@pytest.mark.properties
def test_a_preview_of_deletions_and_a_worker_never_deadlock(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 6)
    order = ReplayRequest(author=GRACE, default_role=Role.LEARNER)
    for _ in range(10):
        sets = [keep(engine, clerk, *map(clerk.deleted, part)) for part in (ids, ids[::-1])]
        at_once(
            lambda: preview(engine, [sets[0][:3], sets[0][3:]], order)[0].applied,  # noqa: B023
            lambda: worker.apply(engine, sets[1], Role.LEARNER, limit=NONE).held,  # noqa: B023
            lambda: len(hold_decisions.reject(engine.begin, ids, GRACE).done),
        )


def test_inferred_deletions_have_their_own_limit_and_author(engine: Engine, clerk: Clerk) -> None:
    ids = people(engine, clerk, 4)
    now = datetime.now(UTC)
    absent = [Deletion(clerk_id=each, at=now) for each in ids[:3]]
    done = apply_absences(engine, absent, "walk_7", TWO)
    assert (set(done.applied), set(done.held)) == ({ids[0], ids[1]}, {ids[2]})
    assert rows(engine, "select kind, svix_id, cause from deletion_holds") == [("inferred", None, "walk_7")]
    lines = "select clerk_user_id, actor, cause from audit_log where action = 'user.deleted' order by 1"
    assert rows(engine, lines) == [(each, "reconcile", "walk_7") for each in ids[:2]]
    assert apply_absences(engine, absent, "walk_8", TWO).held == {ids[2]}
    assert apply(engine, clerk, clerk.deleted(ids[3]), limit=ONE) == Applied(applied=1)


def test_a_delivery_joins_the_hold_of_an_inferred_deletion_and_both_are_released(engine: Engine, clerk: Clerk) -> None:
    (who,) = people(engine, clerk, 1)
    apply_absences(engine, [Deletion(clerk_id=who, at=datetime.now(UTC))], "walk_7", NONE)
    assert apply(engine, clerk, clerk.deleted(who, at=9_000), limit=DEFAULT_LIMITS.signed) == Applied(held=1)
    hold_decisions.release(engine.begin, [who], GRACE)
    assert values(engine, "select deleted_at from users") == [moment(9_000)]
    assert statuses(engine) == {"applied": 2}


def test_a_rejected_deletion_that_is_inferred_again_is_held_whatever_the_limit(engine: Engine, clerk: Clerk) -> None:
    hold(engine, clerk)
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    absent = [Deletion(clerk_id=ADA, at=datetime.now(UTC))]
    assert apply_absences(engine, absent, "drift_7").held == {ADA}
    assert (values(engine, LIVING), values(engine, OPEN)) == ([ADA], [ADA])
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    assert apply(engine, clerk, clerk.deleted(at=9_500), limit=ONE) == Applied(applied=1)
