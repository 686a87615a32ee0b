"""What lost webhooks left behind is found and repaired, with one audit line per effect; from nothing else follows."""

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from clerk.backend import Backend, ClerkInstance, PageTooLarge, UserPage
from clerk.http import ClerkUnavailable, Response
from clerk.user import Deletion
from db import drift, leases
from db.audit import Author
from reconcile import differences, pinning, planner, reading
from reconcile.pace import Pace
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.ledger import actions, as_owner, change, rows, values
from tests.reconcile.reconciled import Reconciled, reconciling
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.recovery

LIVING = "select clerk_id from users where deleted_at is null order by clerk_id"
OPEN = "select class from drift where ended_at is null order by id"
ENDED = "select class, outcome from drift where ended_at is not null order by id"
WALKS = "select outcome from walks where kind = 'reconcile' order by id"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, and no time for webhooks on their way."""
    monkeypatch.setattr(reading, "MOST_USERS", 4)
    monkeypatch.setattr(reading, "LEAST_USERS", 1)
    monkeypatch.setattr(planner, "PAGE", 4)
    monkeypatch.setattr(planner, "WALK_SLICES", 1)
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))


def deleted(engine: Engine) -> list[str]:
    return values(engine, "select clerk_id from users where deleted_at is not null")


@pytest.fixture
def reconciled(engine: Engine, clerk: ServedClerk, backend: Backend) -> Reconciled:
    return reconciling(engine, backend, clerk.id)


@pytest.fixture
def known(clerk: ServedClerk, reconciled: Reconciled) -> list[str]:
    """Ten users who are stored as Clerk has them."""
    ids = clerk.create(10)
    reconciled.run()
    return ids


def test_users_whose_creation_was_lost_are_added_with_the_default_role(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    ids = clerk.create(3)
    reconciled.run()
    assert values(engine, LIVING) == sorted(ids)
    assert rows(engine, ENDED) == [("missed_creation", "repaired")] * 3
    lines = rows(
        engine, "select distinct actor, starts_with(cause, 'drift_') from audit_log where action = 'user.created'"
    )
    assert lines == [("reconcile", True)]
    assert values(engine, "select count(*) from current_roles where role = 'LEARNER'") == [3]


def test_a_lost_ban_is_repaired_within_the_next_slice(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.instance.set_banned(known[3], banned=True)
    reconciled.run(MINUTE)
    assert values(engine, "select clerk_id from users where banned") == [known[3]]
    assert actions(engine, known[3])[-1] == "user.banned"
    assert rows(engine, "select fields from drift where class = 'missed_update'") == [(["banned"],)]


def test_a_change_older_than_what_was_read_is_found_by_the_walk(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.rename(known[0], "Grace")
    change(engine, "update reconciling set read_until = now() + interval '1 day', read_at = now()")
    reconciled.run(timedelta(seconds=1))
    assert values(engine, "select count(*) from users where first_name = 'Grace'") == [0]
    change(engine, "update reconciling set read_until = now() + interval '1 day', read_at = now()")
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update walks set started_at = now() - interval '2 hours'")
    reconciled.run()
    assert values(engine, "select count(*) from users where first_name = 'Grace'") == [1]
    assert values(engine, "select walk_id from drift where class = 'missed_update'") == [2]


def test_sign_ins_are_no_drift(engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]) -> None:
    lines = len(actions(engine))
    for clerk_id in known:
        clerk.sign_in(clerk_id)
    reconciled.run(HOUR)
    assert values(engine, OPEN) == []
    assert (len(rows(engine, ENDED)), len(actions(engine))) == (10, lines)


def test_a_recent_change_is_left_to_its_webhook(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(minutes=2))
    clerk.create()
    reconciled.run()
    assert (values(engine, LIVING), values(engine, OPEN)) == ([], [])
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))
    reconciled.run(MINUTE)
    assert len(values(engine, LIVING)) == 1


def test_a_user_with_a_pending_event_is_left_to_it(engine: Engine, clerk: ServedClerk, reconciled: Reconciled) -> None:
    [clerk_id] = clerk.create()
    change(
        engine,
        "insert into webhook_events (svix_id, clerk_user_id, body, svix_timestamp, svix_signature, verified_by, status)"
        " values ('msg_1', %s, '', 0, '', '', 'received')",
        clerk_id,
    )
    reconciled.run()
    assert (values(engine, LIVING), rows(engine, ENDED)) == ([], [])


def test_a_lost_deletion_is_noticed_by_the_count_and_concluded_from_two_answers(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.instance.delete(known[5])
    for _ in range(2):
        reconciled.run(timedelta(minutes=5))
    assert rows(engine, "select class, walk_id from drift where ended_at is null") == [("absent", 2)]
    assert (values(engine, WALKS), deleted(engine)) == (["complete", "complete"], [])
    reconciled.run(MINUTE)
    assert (values(engine, "select gone_at is not null from drift where class = 'absent'"), deleted(engine)) == (
        [True],
        [],
    )
    reconciled.run(timedelta(minutes=9))
    assert deleted(engine) == []
    reconciled.run(MINUTE)
    assert deleted(engine) == [known[5]]
    assert rows(engine, ENDED)[-1] == ("absent", "deleted")


def test_a_deletion_that_is_held_ends_the_difference(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    reconciled.slicer = replace(reconciled.slicer, limit=Limit(0, 0))
    clerk.instance.delete(known[5])
    for _ in range(5):
        reconciled.run(timedelta(minutes=11))
    assert rows(engine, ENDED)[-1] == ("absent", "held")


@pytest.mark.parametrize("fault", ["empty-instance", "other-instance", "server-error", "rate-limited", "cut-off"])
def test_nothing_follows_from_answers_that_prove_nothing(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], fault: str
) -> None:
    clerk.fail(fault, None)
    for _ in range(8):
        reconciled.run(HOUR)
    assert (values(engine, OPEN), deleted(engine)) == ([], [])
    assert values(engine, LIVING) == sorted(known)


def test_a_user_who_appears_again_is_not_gone(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    user = clerk.instance.state.users[known[5]]
    clerk.instance.delete(known[5])
    for _ in range(4):
        reconciled.run(timedelta(minutes=5))
    assert values(engine, OPEN) == ["absent"]
    clerk.instance.state.users[known[5]] = user
    reconciled.run(timedelta(minutes=11))
    assert (values(engine, OPEN), deleted(engine)) == ([], [])
    assert rows(engine, ENDED)[-1] == ("absent", "resolved")


def test_a_deleted_user_that_clerk_has_is_shown_and_stays_deleted(
    engine: Engine,
    clerk: ServedClerk,
    reconciled: Reconciled,
    known: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update user_roles set is_active = false, effective_end_date = now()")
        connection.exec_driver_sql(
            "update users set deleted_at = now() - interval '1 day', claimed_email = null, email = null,"
            " first_name = null, last_name = null, username = null, image_url = null, external_id = null,"
            " clerk_created_at = null, clerk_updated_at = null, email_verified = null, banned_as_of = null"
            " where clerk_id = %s",
            (known[2],),
        )
    clerk.sign_in(known[2])
    reconciled.run(HOUR)
    assert values(engine, OPEN) == []
    monkeypatch.setattr(differences, "REPLICA_LAG", timedelta(0))
    reconciled.run(HOUR)
    assert values(engine, OPEN) == ["returned"]
    assert known[2] not in values(engine, LIVING)


def test_a_failure_pauses_all_requests_longer_each_time(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.fail("server-error", None)
    reconciled.run()
    pauses = []
    for _ in range(8):
        [pause] = values(engine, "select extract(epoch from paused_until - now())::float from reconciling")
        pauses.append(round(pause))
        reconciled.run(timedelta(seconds=pause - 4))
        assert values(engine, "select failures from reconciling") == [len(pauses)]
        reconciled.run(timedelta(seconds=5))
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert values(engine, "select failed_because from reconciling") == ["status 500"]


def test_the_pause_that_clerk_asks_for_is_kept(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.fail("rate-limited", 1, seconds=900)
    reconciled.run()
    [pause] = values(engine, "select extract(epoch from paused_until - now())::float from reconciling")
    assert pause == pytest.approx(900, abs=30)


def test_one_process_at_a_time_reconciles_and_none_during_an_import(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    clerk.create()
    for lease in (leases.RECONCILE, leases.BACKFILL):
        with engine.begin() as connection:
            leases.take(connection, lease, "other", 60)
        reconciled.run()
        assert values(engine, LIVING) == []
        with engine.begin() as connection:
            leases.give_back(connection, lease, "other")
    reconciled.run()
    assert len(values(engine, LIVING)) == 1


def test_without_a_pinned_instance_clerk_is_not_asked(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("delete from clerk_instance")
    clerk.create()
    assert not reconciled.run()
    assert values(engine, "select count(*) from reconciling") == [0]


class Killed(BaseException):
    """The process ends here."""


def test_a_walk_that_is_killed_at_any_request_comes_to_the_same_end(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "WALK_EVERY", timedelta(0))
    clerk.instance.delete(known[1])
    clerk.rename(known[8], "Grace")
    request, count = reconciled.slicer.backend.users_after, 0

    def killed_at(number: int) -> Callable[..., object]:
        def ask(*asked: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                raise Killed
            return request(*asked)  # type: ignore[arg-type]

        return ask

    for number in range(1, 6):
        count = 0
        monkeypatch.setattr(reconciled.slicer.backend, "users_after", killed_at(number))
        try:
            reconciled.run(MINUTE)
        except Killed:
            with engine.begin() as connection:
                leases.give_back(connection, leases.RECONCILE, "test")
    monkeypatch.undo()
    assert values(engine, OPEN) == ["absent"]
    assert set(values(engine, WALKS)) == {"complete"}
    assert values(engine, "select count(*) from users where first_name = 'Grace'") == [1]


def test_a_slice_ends_in_time_and_an_urgent_walk_asks_to_be_continued(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.instance.delete(known[1])
    reconciled.run(timedelta(minutes=10))
    clock = iter(range(0, 1_000, 1))
    reconciled.slicer = replace(reconciled.slicer, now=lambda: next(clock), seconds=9)
    assert reconciled.run(timedelta(minutes=1))
    assert values(engine, "select urgent from walks order by id desc limit 1") == [True]
    runs = 0
    while reconciled.run(timedelta(0)):
        runs += 1
    assert runs < 5
    assert values(engine, OPEN) == ["absent"]


def test_an_hour_of_refusals_loses_nothing_and_sends_few_requests(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    new = clerk.create(2)
    clerk.fail("rate-limited", None)
    attempts = 0
    for _ in range(60):
        before = values(engine, "select failures from reconciling")
        reconciled.run(MINUTE)
        attempts += values(engine, "select failures from reconciling") != before
    assert attempts <= 20
    clerk.instance.faults.clear()
    reconciled.run(timedelta(minutes=6))
    assert values(engine, LIVING) == sorted(known + new)


def before_requests(reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Do this before each request to Clerk."""
    send = reconciled.slicer.backend._connection.send

    def observed(*arguments: Any, **named: Any) -> Response:
        do()
        return send(*arguments, **named)

    monkeypatch.setattr(reconciled.slicer.backend._connection, "send", observed)


def test_the_pace_of_requests_is_kept_across_slices(
    clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[float] = []
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    reconciled.slicer = replace(reconciled.slicer, pace=Pace(4, now=lambda: time[0], sleep=sleep))
    before_requests(reconciled, monkeypatch, lambda: sent.append(time[0]))
    clerk.instance.delete(known[3])
    for _ in range(6):
        reconciled.run(timedelta(minutes=11))
    assert len(sent) > 30
    assert min(later - earlier for earlier, later in itertools.pairwise(sent)) >= 0.25


def test_a_slice_of_a_process_that_is_stopped_sends_no_further_request(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.fail("server-error")
    stopped = replace(reconciled.slicer, stopping=lambda: True)
    assert not stopped.run()
    assert len(clerk.instance.faults.all()) == 1
    assert values(engine, "select failures from reconciling") == [0]
    assert not leases_held(engine)


def test_held_deletions_are_asked_about_within_the_time_of_the_slice(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    people.add(engine, "user_held")
    deletion = Deletion(clerk_id="user_held", at=datetime.now(UTC))
    apply_absences(engine, [deletion], "walk_7", Limit(0, 0))
    requests = itertools.count(1)
    instance_and_updates = 2
    replace(reconciled.slicer, stopping=lambda: next(requests) > instance_and_updates).run()
    assert values(engine, "select asked_at from deletion_holds") == [None]
    reconciled.run(MINUTE)
    assert values(engine, "select confirmed_at is not null from deletion_holds") == [True]


def leases_held(engine: Engine) -> bool:
    with engine.begin() as connection:
        return leases.is_held(connection, leases.RECONCILE)


def test_an_entry_that_cannot_be_read_makes_a_walk_incomplete(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    users = clerk.instance.state.users
    users[known[4]] = replace(users[known[4]], updated_at=-1)
    reconciled.run(timedelta(hours=2))
    assert values(engine, "select reason from walks order by id desc limit 1") == [
        "1 users could not be read or applied"
    ]
    assert (values(engine, OPEN), deleted(engine)) == ([], [])


def test_an_entry_that_cannot_be_read_starts_no_walk_after_walk(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    users = clerk.instance.state.users
    users[known[4]] = replace(users[known[4]], updated_at=-1)
    change(engine, "update reconciling set gap_times = %s", planner.UNREAD)
    for _ in range(8):
        reconciled.run(timedelta(minutes=11))
    assert values(engine, "select count(*) from walks where urgent") == [1]


def test_a_user_whose_deletion_is_held_is_not_recorded_by_each_walk(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    reconciled.slicer = replace(reconciled.slicer, limit=Limit(0, 0))
    clerk.instance.delete(known[5])
    for _ in range(12):
        reconciled.run(timedelta(minutes=31))
    assert values(engine, "select outcome from drift where class = 'absent'") == ["held"]


def test_updates_that_take_longer_than_a_slice_hold_up_nothing_else(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = clerk.create(20)
    reconciled.run()
    with as_owner(engine) as connection:
        connection.exec_driver_sql("update users set created_at = created_at - interval '1 day'")
    monkeypatch.setattr(reading, "MOST_USERS", 1)
    requests = [0.0]
    before_requests(reconciled, monkeypatch, lambda: requests.append(requests[-1] + 1))
    reconciled.slicer = replace(reconciled.slicer, now=lambda: requests[-1], seconds=12)
    clerk.instance.delete(ids[5])
    for _ in range(14):
        reconciled.run(timedelta(minutes=11))
    assert deleted(engine) == [ids[5]]


def test_updates_that_were_left_unread_start_a_walk_whatever_the_count_says(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_UPDATES", 4)
    clerk.rename(known[0], "Grace")
    time.sleep(0.005)
    for clerk_id in known[1:]:
        clerk.sign_in(clerk_id)
    reconciled.run(timedelta(minutes=10))
    assert values(engine, "select urgent from walks order by id") == [False, True]
    assert values(engine, "select clerk_id from users where first_name = 'Grace'") == [known[0]]
    assert values(engine, "select gap_times from reconciling") == [0]


def test_a_walk_counts_the_users_that_an_earlier_walk_missed_too(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.instance.delete(known[1])
    for _ in range(2):
        reconciled.run(timedelta(minutes=5))
    for clerk_id in known[2:4]:
        clerk.instance.delete(clerk_id)
    for _ in range(2):
        reconciled.run(timedelta(minutes=5))
    assert rows(engine, "select urgent, absent from walks order by id") == [(False, 0), (True, 1), (True, 3)]
    assert values(engine, "select settled_gap from reconciling") == [0]


@pytest.mark.parametrize("outcome", ["repaired", "deleted"])
def test_a_difference_ends_in_the_transaction_of_its_repair(
    engine: Engine,
    clerk: ServedClerk,
    reconciled: Reconciled,
    known: list[str],
    outcome: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = drift.end

    def killed(connection: Connection, ids: list[int], reached: str) -> int:
        if reached == outcome:
            raise Killed
        return end(connection, ids, reached)

    if outcome == "repaired":
        clerk.rename(known[2], "Grace")
    else:
        clerk.instance.delete(known[2])
        for _ in range(3):
            reconciled.run(timedelta(minutes=5))
    with monkeypatch.context() as patched:
        patched.setattr(drift, "end", killed)
        with pytest.raises(Killed):
            reconciled.run(timedelta(minutes=11))
    reconciled.run(MINUTE)
    assert rows(engine, ENDED)[-1][1] == outcome


def test_access_ends_at_once_if_the_deletion_is_held_after_clerk_has_said_twice_that_the_user_is_gone(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    ids = clerk.create(14)
    reconciled.slicer = replace(reconciled.slicer, limit=Limit(0, 0))
    reconciled.run()
    for clerk_id in ids[:12]:
        clerk.instance.delete(clerk_id)
    while not values(engine, "select clerk_id from deletion_holds"):
        reconciled.run(timedelta(minutes=5))
    assert values(engine, "select count(*) from deletion_holds where confirmed_at is not null") == [12]
    assert values(engine, "select clerk_id from current_roles order by clerk_id") == sorted(ids[12:])
    lines = "select distinct actor, starts_with(cause, 'drift_') from audit_log where action = 'user.access_ended'"
    assert rows(engine, lines) == [("reconcile", True)]


def test_nothing_follows_from_what_an_instance_said_that_is_not_pinned_any_more(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    clerk.instance.delete(known[5])
    for _ in range(3):
        reconciled.run(timedelta(minutes=5))
    assert values(engine, "select gone_at is not null from drift where ended_at is null") == [True]
    with served_clerk() as another, closing(Backend(another.key, another.url)) as backend:
        pinning.repin(engine, backend.instance(), Author(actor="operator:ada", reason="Moved."))
        reconciled.slicer = replace(reconciled.slicer, backend=backend)
        reconciled.run(timedelta(minutes=11))
    assert deleted(engine) == []


def test_no_answer_stops_reconciling_for_longer_than_an_hour(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled
) -> None:
    clerk.fail("rate-limited", 1, seconds=99_999)
    reconciled.run()
    [pause] = values(engine, "select extract(epoch from paused_until - now())::float from reconciling")
    assert pause == pytest.approx(3_600, abs=30)


@pytest.mark.parametrize("held", [False, True])
def test_a_user_that_clerk_cannot_show_holds_up_nothing_else(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], held: bool
) -> None:
    if held:
        apply_absences(engine, [Deletion(clerk_id=known[1], at=datetime.now(UTC))], "walk_7", Limit(0, 0))
    clerk.fail("server-error", None, path=f"/v1/users/{known[1]}")
    for clerk_id in (known[1], known[5]):
        clerk.instance.delete(clerk_id)
    for _ in range(12):
        reconciled.run(timedelta(minutes=6))
    assert deleted(engine) == [known[5]]
    assert len(values(engine, WALKS)) >= 2


def test_a_user_whose_version_is_in_the_future_is_shown_and_hides_no_lost_deletion(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(minutes=2))
    [clerk_id] = clerk.create()
    users = clerk.instance.state.users
    users[clerk_id] = replace(users[clerk_id], updated_at=users[clerk_id].updated_at + 3_600_000)
    reconciled.run(HOUR)
    assert values(engine, OPEN) == ["missed_creation"]
    clerk.instance.delete(known[5])
    for _ in range(14):
        reconciled.run(timedelta(minutes=6))
    assert set(values(engine, WALKS)) == {"complete"}
    assert deleted(engine) == [known[5]]


class Shallow(Backend):
    """A Clerk that answers only about the latest updates."""

    def last_updated(self, offset: int, limit: int) -> UserPage:
        if offset:
            raise ClerkUnavailable("status 504")
        return super().last_updated(offset, limit)


def test_updates_that_clerk_does_not_answer_about_hold_up_nothing_else(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    for clerk_id in known:
        clerk.sign_in(clerk_id)
    clerk.instance.delete(known[5])
    with closing(Shallow(clerk.key, clerk.url)) as backend:
        reconciled.slicer = replace(reconciled.slicer, backend=backend)
        for _ in range(8):
            reconciled.run(timedelta(minutes=6))
    assert values(engine, "select failures from reconciling") == [0]
    assert deleted(engine) == [known[5]]


def test_a_page_of_updates_that_takes_longer_than_a_slice_holds_up_nothing_else(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    seconds = [0.0]

    class Slow(Backend):
        def last_updated(self, offset: int, limit: int) -> UserPage:
            if offset:
                seconds[0] += 30
                raise PageTooLarge
            return super().last_updated(offset, limit)

    for clerk_id in known:
        clerk.sign_in(clerk_id)
    clerk.instance.delete(known[5])
    with closing(Slow(clerk.key, clerk.url)) as backend:
        reconciled.slicer = replace(reconciled.slicer, backend=backend, now=lambda: seconds[0])
        for _ in range(8):
            reconciled.run(timedelta(minutes=6))
    assert deleted(engine) == [known[5]]


def test_pages_that_lead_in_a_circle_end_the_walk_and_the_next_one_begins_again(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Circling(Backend):
        def users_after(self, cursor: str | None, limit: int) -> UserPage:
            return super().users_after(None if cursor == known[7] else cursor, limit)

    monkeypatch.setattr(reading, "MOST_READINGS", 2)
    with closing(Circling(clerk.key, clerk.url)) as backend:
        circling = replace(reconciled.slicer, backend=backend)
        reconciled.slicer, before = circling, reconciled.slicer
        for _ in range(30):
            reconciled.run(timedelta(minutes=6))
    ended = "select distinct reason from walks where outcome = 'incomplete'"
    assert values(engine, ended) == ["the pages of users do not advance"]
    reconciled.slicer = before
    for _ in range(12):
        reconciled.run(timedelta(minutes=6))
    assert values(engine, "select outcome from walks where outcome is not null order by id desc limit 1") == [
        "complete"
    ]


def test_held_deletions_hide_no_lost_one_from_the_count(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    reconciled.slicer = replace(reconciled.slicer, limit=Limit(0, 0))
    held = known[:3]
    apply_absences(engine, [Deletion(clerk_id=each, at=datetime.now(UTC)) for each in held], "walk_7", Limit(0, 0))
    for each in held:
        clerk.instance.delete(each)
    for _ in range(3):
        reconciled.run(timedelta(minutes=5))
    for lost in known[5:8]:
        clerk.instance.delete(lost)
        for _ in range(7):
            reconciled.run(timedelta(minutes=4))
        found = values(engine, "select outcome from drift where class = 'absent' and clerk_id = %s", lost)
        assert found == ["held"]
    assert values(engine, "select settled_gap from reconciling") == [0]


def test_no_user_is_deleted_by_the_answer_of_an_instance_that_is_replaced_during_the_slice(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk.instance.delete(known[5])
    for _ in range(3):
        reconciled.run(timedelta(minutes=5))
    backend = reconciled.slicer.backend
    fetch = backend.fetch

    def repinned(clerk_id: str) -> object:
        pinning.repin(engine, ClerkInstance("ins_other", None), Author(actor="operator:ada", reason="Moved."))
        return fetch(clerk_id)

    monkeypatch.setattr(backend, "fetch", repinned)
    reconciled.run(timedelta(minutes=11))
    assert deleted(engine) == []


def test_a_set_of_users_that_clerk_cannot_show_holds_up_nothing_else(
    engine: Engine, clerk: ServedClerk, reconciled: Reconciled, known: list[str]
) -> None:
    class Failing(Backend):
        def users_by_id(self, _: Sequence[str]) -> UserPage:
            raise PageTooLarge(PageTooLarge.__doc__)

    clerk.instance.delete(known[5])
    with closing(Failing(clerk.key, clerk.url)) as backend:
        reconciled.slicer = replace(reconciled.slicer, backend=backend)
        for _ in range(8):
            reconciled.run(timedelta(minutes=6))
    assert values(engine, "select failures from reconciling") == [0]
    assert (values(engine, OPEN), deleted(engine)) == (["absent"], [])
