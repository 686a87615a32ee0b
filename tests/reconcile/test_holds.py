"""Clerk is asked about held deletions: a user that is gone has no access, and only such a deletion is released."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine

from akako_guard.database import callers
from akako_guard.role import Role
from clerk.backend import Backend, ClerkInstance, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import Deletion, Snapshot
from db import admins, audit, clerk_instance, permission, temporal, user_search
from db.audit import Author
from db.instants import Instants
from db.permission import NotPermitted, Permission
from db.temporal import UserStatus
from db.user_search import UserFilter
from reconcile import holds, pinning
from reconcile.holds import EXISTS, UNANSWERED, release
from reconcile.pace import Pace
from reconcile.pinning import AnotherInstance, NotPinned
from reconcile.reading import Reader
from sync import hold_decisions
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from sync.hold_decisions import NOT_HELD, SkippedHold
from tests import people
from tests.ledger import actions, as_owner, change, rows, values
from tests.local_server import NO_SUCH_USER, Answer, serving
from tests.meanwhile import at_once
from tests.served_clerk import ServedClerk

GRACE = Author(actor="operator:grace", reason="They left.")
ADA, BOB = "user_ada", "user_bob"


@pytest.fixture(autouse=True)
def pinned(engine: Engine, clerk: ServedClerk) -> str:
    """The instance to which the installation belongs."""
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:grace")
        clerk_instance.pin(connection, clerk.id, "development")
    return clerk.id


@pytest.fixture
def pace() -> Pace:
    return Pace(10_000, sleep=lambda _: None)


@pytest.fixture
def living(engine: Engine, clerk: ServedClerk) -> str:
    """A user that Clerk has, and whose deletion is held."""
    (clerk_id,) = clerk.create()
    hold(engine, clerk_id)
    return clerk_id


def confirm(engine: Engine, backend: Backend, pace: Pace, most: int) -> int:
    """Ask about held deletions, outside of a slice."""
    return holds.confirm(Reader(engine, backend, pace, before=lambda: None), backend.instance().id, most)


def hold(engine: Engine, *clerk_ids: str) -> None:
    """Users whose deletion is held."""
    for clerk_id in clerk_ids:
        people.add(engine, clerk_id)
    now = datetime.now(UTC)
    apply_absences(engine, [Deletion(clerk_id=each, at=now) for each in clerk_ids], "walk_7", Limit(0, 0))


def status(connection: Connection, clerk_id: str, at: datetime, as_of: datetime | None = None) -> UserStatus:
    row_id = connection.exec_driver_sql("select id from users where clerk_id = %s", (clerk_id,)).scalar_one()
    return temporal.status(connection, row_id, Instants(at=at, as_of=as_of or at))


def now(engine: Engine) -> datetime:
    moment: datetime = values(engine, "select clock_timestamp()")[0]
    return moment


def test_a_held_user_keeps_access_until_clerk_confirms(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    with engine.begin() as connection:
        before = callers.find(connection, [ADA])[ADA]
    assert confirm(engine, backend, pace, 10) == 1
    with engine.begin() as connection:
        after = callers.find(connection, [ADA])[ADA]
    assert (before.banned, before.roles, after.banned, after.roles) == (
        False,
        frozenset({Role.LEARNER}),
        True,
        frozenset(),
    )
    lines = "select action, actor, cause, before, after from audit_log where action like 'user.access%%'"
    image = {"banned": False, "deleted_at": None}
    assert rows(engine, lines) == [
        ("user.access_ended", "reconcile", "walk_7", image | {"access_ended": False}, image | {"access_ended": True})
    ]
    assert confirm(engine, backend, pace, 10) == 0


def test_a_user_whose_access_ended_counts_as_banned_everywhere(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    people.assign(engine, ADA, Role.ADMIN)
    bobs = people.assign(engine, people.add(engine, BOB).clerk_id, Role.ADMIN)
    confirm(engine, backend, pace, 10)
    with engine.begin() as connection:
        assert values(engine, "select banned from current_users order by clerk_id") == [True, False]
        assert set(values(engine, "select clerk_id from current_roles")) == {BOB}
        assert [each.clerk_id for each in user_search.search(connection, UserFilter(banned=True), 9)] == [ADA]
        assert [each.clerk_id for each in user_search.search(connection, UserFilter(banned=False), 9)] == [BOB]
        with pytest.raises(NotPermitted):
            permission.check(connection, Permission(clerk_id=ADA, roles=frozenset({Role.ADMIN})))
        with pytest.raises(NotPermitted):
            permission.check(connection, Permission(clerk_id=BOB, roles=frozenset({Role.ADMIN}), impersonator=ADA))
        assert admins.would_be_missing(connection, bobs.id, None)
    with engine.begin() as connection:
        audit.set_actor(connection, ADA)
        audit.note_refused(connection, ADA, [Role.ADMIN], "users")
    assert values(engine, "select after ->> 'banned' from audit_log where action = 'access.refused'") == ["true"]


def test_the_past_says_what_the_guard_said(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    held = now(engine)
    confirm(engine, backend, pace, 10)
    confirmed = now(engine)
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    rejected = now(engine)
    with engine.begin() as connection:
        assert [status(connection, ADA, at) for at in (held, confirmed, rejected)] == [
            UserStatus.ACTIVE, UserStatus.BANNED, UserStatus.ACTIVE,
        ]  # fmt: skip


def test_a_ban_and_an_unban_meanwhile_do_not_give_access_back(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    confirm(engine, backend, pace, 10)
    people.add(engine, ADA, version=people.THEN + timedelta(days=1), banned=True)
    people.add(engine, ADA, version=people.THEN + timedelta(days=2), banned=False)
    assert actions(engine, ADA)[-3:] == ["user.access_ended", "user.banned", "user.unbanned"]
    with engine.begin() as connection:
        assert callers.find(connection, [ADA])[ADA].banned
        assert status(connection, ADA, now(engine)) is UserStatus.BANNED


def test_a_rejection_restores_access(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    confirm(engine, backend, pace, 10)
    hold_decisions.reject(engine.begin, [ADA], GRACE)
    with engine.begin() as connection:
        assert callers.find(connection, [ADA])[ADA].roles == {Role.LEARNER}
    lines = (
        "select action, cause, reason from audit_log where actor = 'operator:grace' and reason is not null order by id"
    )
    assert rows(engine, lines) == [
        ("user.access_restored", "walk_7", "They left."), ("deletion.rejected", "walk_7", "They left."),
    ]  # fmt: skip


def test_a_confirmed_deletion_that_is_released_leaves_a_plain_tombstone(
    engine: Engine, backend: Backend, pace: Pace
) -> None:
    hold(engine, ADA)
    confirm(engine, backend, pace, 10)
    assert release(engine, backend, pace, [ADA], GRACE).done == [ADA]
    assert rows(engine, "select deleted_at is null, banned, access_ended from users") == [(False, False, False)]
    assert actions(engine, ADA)[-3:] == ["user.deleted", "role.revoked", "deletion.released"]


def test_a_user_that_clerk_has_stays_held_with_access(
    engine: Engine, backend: Backend, pace: Pace, living: str
) -> None:
    assert confirm(engine, backend, pace, 10) == 0
    done = release(engine, backend, pace, [living, "user_none"], GRACE)
    assert (done.done, done.left) == ([], [SkippedHold("user_none", NOT_HELD), SkippedHold(living, EXISTS)])
    assert rows(engine, "select exists_at_clerk, confirmed_at, outcome from deletion_holds") == [(True, None, None)]
    assert values(engine, "select clerk_id from current_roles") == [living]


def test_as_many_as_allowed_are_asked_about_and_the_others_later(
    engine: Engine, backend: Backend, pace: Pace, clerk: ServedClerk
) -> None:
    existing = clerk.create(3)
    hold(engine, *existing, ADA, BOB)
    asked = [confirm(engine, backend, pace, 2) for _ in range(4)]
    assert asked == [0, 1, 1, 0]


def test_a_user_that_clerk_has_is_asked_about_again_later(
    engine: Engine, backend: Backend, pace: Pace, clerk: ServedClerk, living: str
) -> None:
    confirm(engine, backend, pace, 10)
    clerk.instance.delete(living)
    assert confirm(engine, backend, pace, 10) == 0
    change(engine, "update deletion_holds set asked_at = asked_at - make_interval(secs => %s)", holds.AGAIN_SECONDS)
    assert confirm(engine, backend, pace, 10) == 1


def test_the_404_of_a_proxy_confirms_nothing(engine: Engine, pace: Pace, pinned: str) -> None:
    hold(engine, ADA)
    with serving(Answer(b"<h1>Not Found</h1>", 404)) as proxy, closing(Backend("sk_test_akako", proxy.url)) as backend:
        with pytest.raises(holds.Unanswered, match="status 404"):
            holds.confirm(Reader(engine, backend, pace, before=lambda: None), pinned, 10)
        with pytest.raises(ClerkUnavailable):
            release(engine, backend, pace, [ADA], GRACE, tries=1)
    assert rows(engine, "select asked_at, confirmed_at, ended_at from deletion_holds") == [(None, None, None)]


def test_what_clerk_confirmed_before_it_became_unavailable_is_released(engine: Engine, pace: Pace, pinned: str) -> None:
    hold(engine, ADA, BOB)
    with (
        serving(Answer(json.dumps({"id": pinned}).encode()), NO_SUCH_USER, Answer(b"", 401)) as clerk,
        closing(Backend("sk_test_akako", clerk.url)) as backend,
        pytest.raises(ClerkUnavailable),
    ):
        release(engine, backend, pace, [ADA, BOB], GRACE, tries=1)
    assert values(engine, "select outcome from deletion_holds order by id") == ["released", None]


def test_a_dry_run_asks_and_releases_nothing(engine: Engine, backend: Backend, pace: Pace, living: str) -> None:
    hold(engine, ADA)
    done = release(engine, backend, pace, [ADA, living], GRACE, dry_run=True)
    assert (done.done, done.left) == ([ADA], [SkippedHold(living, EXISTS)])
    assert values(engine, "select count(*) from deletion_holds where ended_at is null") == [2]


def test_a_person_who_may_not_decide_changes_nothing(engine: Engine, backend: Backend, pace: Pace) -> None:
    hold(engine, ADA)
    people.add(engine, BOB)
    bob = Author(actor=BOB, reason="No.", permission=Permission(clerk_id=BOB, roles=frozenset({Role.ADMIN})))
    with pytest.raises(NotPermitted):
        release(engine, backend, pace, [ADA], bob)
    with pytest.raises(NotPermitted):
        hold_decisions.reject(engine.begin, [ADA], bob)
    assert values(engine, "select count(*) from deletion_holds where ended_at is null") == [1]


@pytest.mark.properties
def test_a_confirmation_and_a_decision_at_once_agree(engine: Engine, backend: Backend, pace: Pace) -> None:
    for number in range(8):
        who = f"user_{number}"
        hold(engine, who)
        decide = hold_decisions.reject if number % 2 else hold_decisions.release
        at_once(
            lambda: confirm(engine, backend, Pace(10_000), 10),
            lambda: len(decide(engine.begin, [who], GRACE).done),  # noqa: B023
        )
        found = rows(engine, "select deleted_at is not null, access_ended from users where clerk_id = %s", who)
        assert found == [(number % 2 == 0, False)]


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_key_of_another_instance_releases_nothing(
    engine: Engine, backend: Backend, clerk: ServedClerk, pace: Pace, living: str, dry_run: bool
) -> None:
    clerk.fail("other-instance", None)
    with pytest.raises(AnotherInstance):
        release(engine, backend, pace, [living], GRACE, dry_run=dry_run)
    assert values(engine, "select outcome from deletion_holds") == [None]


def test_while_no_instance_is_pinned_nothing_is_released(
    engine: Engine, backend: Backend, pace: Pace, living: str
) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("delete from clerk_instance")
    with pytest.raises(NotPinned):
        release(engine, backend, pace, [living], GRACE)
    assert values(engine, "select outcome from deletion_holds") == [None]


def test_a_user_that_clerk_cannot_show_holds_up_no_other_release(
    engine: Engine, backend: Backend, pace: Pace, clerk: ServedClerk
) -> None:
    hold(engine, ADA, BOB)
    clerk.fail("server-error", None, path=f"/v1/users/{ADA}")
    done = release(engine, backend, pace, [ADA, BOB], GRACE, tries=1)
    assert (done.done, done.left) == ([BOB], [SkippedHold(ADA, UNANSWERED.format("status 500"))])
    with pytest.raises(ClerkUnavailable):
        release(engine, backend, pace, [ADA], GRACE, tries=1)


def test_no_further_user_is_asked_about_when_the_time_is_over(
    engine: Engine, backend: Backend, clerk: ServedClerk, pace: Pace
) -> None:
    hold(engine, ADA, BOB, "user_cleo")
    reader = Reader(engine, backend, pace, before=lambda: None)
    assert holds.confirm(reader, clerk.id, 10, is_over=lambda: True) == 1
    assert holds.confirm(reader, clerk.id, 10, is_over=lambda: False) == 2


def test_users_without_an_answer_make_room_for_others_and_are_few_in_a_row(
    engine: Engine, backend: Backend, clerk: ServedClerk, pace: Pace
) -> None:
    silent = [f"user_silent{number}" for number in range(7)]
    hold(engine, *silent, ADA)
    for each in silent:
        clerk.fail("server-error", None, path=f"/v1/users/{each}")
    asked = "select count(*) from deletion_holds where tried_at is not null"
    reader = Reader(engine, backend, pace, before=lambda: None, tries=1)
    for tried in (3, 6, 7):
        with pytest.raises(holds.Unanswered):
            holds.confirm(reader, clerk.id, 10)
        assert values(engine, asked) == [tried]
    assert values(engine, "select clerk_id from deletion_holds where confirmed_at is not null") == [ADA]
    assert holds.confirm(reader, clerk.id, 10) == 0  # all were asked about within ten minutes


def test_another_instance_that_is_pinned_gives_access_back_and_is_asked_itself(
    engine: Engine, backend: Backend, pace: Pace
) -> None:
    hold(engine, ADA, BOB)
    confirm(engine, backend, pace, 1)
    held = "select clerk_id from current_roles order by clerk_id"
    assert values(engine, held) == [BOB]
    pinning.repin(engine, ClerkInstance("ins_other", None), GRACE)
    assert values(engine, held) == [ADA, BOB]
    assert values(engine, "select count(*) from deletion_holds where asked_at is null and confirmed_at is null") == [2]
    lines = "select actor from audit_log where action = 'user.access_restored'"
    assert values(engine, lines) == [GRACE.actor]


def test_what_an_instance_answers_after_another_one_was_pinned_ends_no_access(
    engine: Engine, clerk: ServedClerk, pace: Pace
) -> None:
    class Replaced(Backend):
        def fetch(self, clerk_id: str) -> Snapshot | UserNotFound:
            found = super().fetch(clerk_id)
            pinning.repin(engine, ClerkInstance("ins_other", None), GRACE)
            return found

    hold(engine, ADA)
    with closing(Replaced(clerk.key, clerk.url)) as backend:
        assert holds.confirm(Reader(engine, backend, pace, before=lambda: None), clerk.id, 1) == 0
    assert values(engine, "select clerk_id from current_roles") == [ADA]
