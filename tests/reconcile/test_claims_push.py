"""The roles held are pushed to Clerk: once per change, in order, by the right installation only, and found again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend
from clerk.http import ClerkUnavailable
from db import audit, claims, claims_switch, claims_vitals, clerk_instance, leases, roles
from db.assignments import Window
from dev.clerk import changes
from dev.clerk.requests import UserMetadata
from reconcile import claims_push, differences
from reconcile.pace import Pace
from reconcile.slice import Slicer
from tests.clerk_sender import Clerk, event, user
from tests.ledger import actions, apply, as_owner, change, rows, values
from tests.meanwhile import waiting_for_a_lock
from tests.served_clerk import ServedClerk

pytestmark = pytest.mark.clerk

SPENT = "update claims set expires_at = now() where expires_at is not null"


@pytest.fixture
def slicer(engine: Engine, clerk: ServedClerk, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Slicer:
    monkeypatch.setattr(differences, "IN_FLIGHT", timedelta(0))
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, clerk.id, "development")
    return Slicer(
        engine=engine,
        backend=backend,
        pace=Pace(1_000_000),
        default_role=Role.LEARNER,
        holder="test",
    )


@pytest.fixture
def ada(clerk: ServedClerk, slicer: Slicer) -> str:
    """A user who is stored."""
    [clerk_id] = clerk.create()
    both(slicer)
    return clerk_id


def both(slicer: Slicer) -> None:
    """A slice of comparing, and one of pushing."""
    slicer.run()
    slicer.push()


def turn_on(engine: Engine) -> None:
    with engine.begin() as connection:
        pin = clerk_instance.read(connection)
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        claims_switch.turn_on(connection, pin.instance_id, Role.LEARNER)  # type: ignore[union-attr]


@pytest.fixture
def on(engine: Engine, slicer: Slicer, ada: str) -> str:
    """Claims are on, and the first push is done; the marker of the installation."""
    turn_on(engine)
    both(slicer)
    both(slicer)
    return str(values(engine, "select installation from claims_switch")[0])


def assign(
    engine: Engine, clerk_id: str, role: Role, *, start: datetime | None = None, end: datetime | None = None
) -> int:
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="needed")
        [user_id] = connection.exec_driver_sql("select id from users where clerk_id = %s", (clerk_id,)).scalars()
        return roles.assign(connection, user_id, Window(role=role, start=start, end=end), "operator:ada", "", "x", "")


def metadata(clerk: ServedClerk, clerk_id: str) -> dict[str, Any]:
    return clerk.instance.state.users[clerk_id].public_metadata


def patches(clerk: ServedClerk, clerk_id: str) -> int:
    """How many user.updated deliveries of the user there were."""
    return sum(m.user_id == clerk_id and m.type == "user.updated" for m in clerk.instance.state.messages.values())


def milliseconds_of(clerk: ServedClerk, clerk_id: str) -> int:
    """Clerk's `updated_at` of a user."""
    return clerk.instance.state.users[clerk_id].updated_at


def write(clerk: ServedClerk, clerk_id: str, public: dict[str, Any]) -> None:
    """Another application writes metadata."""
    user = clerk.instance.state.users[clerk_id]
    patch = UserMetadata(public_metadata=public)
    clerk.instance.put(changes.merge_metadata(user, patch, clerk.instance.now()))


def later(engine: Engine, spent: timedelta) -> None:
    """As if so much time had passed for reconciling and for pauses."""
    with as_owner(engine) as connection:
        connection.exec_driver_sql(
            "update reconciling set read_at = read_at - %(t)s, counted_at = counted_at - %(t)s,"
            " paused_until = paused_until - %(t)s",
            {"t": spent},
        )
        connection.exec_driver_sql(
            "update claims set due_at = due_at - %(t)s, not_before = not_before - %(t)s", {"t": spent}
        )


def test_while_claims_are_off_nothing_is_marked_and_nothing_is_pushed(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str
) -> None:
    assign(engine, ada, Role.MENTOR)
    both(slicer)
    assert (values(engine, "select count(*) from claims"), metadata(clerk, ada)) == ([0], {})


def test_turning_on_pushes_every_user_once_and_leaves_other_keys(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str
) -> None:
    write(clerk, ada, {"theme": "dark", "roles": ["OLD"]})
    [grace] = clerk.create()
    later(engine, timedelta(minutes=1))
    both(slicer)
    assign(engine, grace, Role.MENTOR)
    turn_on(engine)
    both(slicer)
    [marker] = values(engine, "select installation from claims_switch")
    assert metadata(clerk, ada) == {"theme": "dark", "roles": ["LEARNER"], "roles_by": marker}
    assert metadata(clerk, grace) == {"roles": ["LEARNER", "MENTOR"], "roles_by": marker}
    count = patches(clerk, grace)
    both(slicer)
    assert patches(clerk, grace) == count
    assert actions(engine)[-1] == "claims.switched"


def test_roles_until_is_the_first_end_of_a_role_that_is_held(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    assign(engine, ada, Role.MENTOR, end=end)
    both(slicer)
    assert metadata(clerk, ada) == {"roles": ["LEARNER", "MENTOR"], "roles_by": on, "roles_until": int(end.timestamp())}
    assert values(engine, "select due_at from claims") == [end]


def test_an_end_by_the_clock_is_pushed_even_if_no_process_ran_meanwhile(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    assign(engine, ada, Role.MENTOR, end=datetime.now(UTC) + timedelta(seconds=1.5))
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]
    while values(engine, "select due_at > now() from claims") == [True]:
        pass
    both(slicer)
    assert metadata(clerk, ada) == {"roles": ["LEARNER"], "roles_by": on}
    with engine.begin() as connection:
        audit.set_actor(connection, "calendar")
        assert roles.expire(connection, 10) == 1
    assert values(engine, "select due_at from claims") == [None]


def test_a_begin_by_the_clock_is_pushed(engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str) -> None:
    assign(engine, ada, Role.MENTOR, start=datetime.now(UTC) + timedelta(seconds=1))
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER"]
    while values(engine, "select due_at > now() from claims") == [True]:
        pass
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]


def test_several_changes_are_one_push_and_a_change_taken_back_is_none(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    count = patches(clerk, ada)
    ids = [assign(engine, ada, role) for role in (Role.MENTOR, Role.ADMIN)]
    both(slicer)
    assert patches(clerk, ada) == count + 1
    mentor = assign(engine, ada, Role.MENTOR, start=datetime.now(UTC) + timedelta(days=1)) if not ids else ids[0]
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="x")
        roles.revoke(connection, mentor, "x")
    assign(engine, ada, Role.MENTOR)
    both(slicer)
    assert patches(clerk, ada) == count + 1


def test_a_banned_user_holds_no_roles(engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str) -> None:
    clerk.instance.set_banned(ada, banned=True)
    later(engine, timedelta(minutes=1))
    both(slicer)
    both(slicer)
    assert metadata(clerk, ada) == {"roles": [], "roles_by": on}
    clerk.instance.set_banned(ada, banned=False)
    later(engine, timedelta(minutes=1))
    both(slicer)
    assert metadata(clerk, ada) == {"roles": ["LEARNER"], "roles_by": on}


def test_the_answer_is_applied_so_that_the_echo_is_nothing_new(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    lines = len(actions(engine))
    assign(engine, ada, Role.MENTOR)
    both(slicer)
    version = clerk.instance.state.users[ada].updated_at
    assert values(engine, "select round(extract(epoch from clerk_updated_at) * 1000)::bigint from users") == [version]
    later(engine, timedelta(minutes=1))
    both(slicer)
    assert len(actions(engine)) == lines + 1
    assert values(engine, "select count(*) from drift where ended_at is null or outcome <> 'repaired'") == [0]


class Killed(BaseException):
    """The process ends here."""


def hook(monkeypatch: pytest.MonkeyPatch, slicer: Slicer, after: Callable[[], None]) -> None:
    """Call this between the next PATCH and the note of it."""
    patch = slicer.backend.patch_metadata

    def patched(clerk_id: str, public: Any) -> Any:
        monkeypatch.setattr(slicer.backend, "patch_metadata", patch)
        answer = patch(clerk_id, public)
        after()
        return answer

    monkeypatch.setattr(slicer.backend, "patch_metadata", patched)


def test_a_crash_between_push_and_note_leads_to_no_second_push(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise Killed

    # A process that is killed gives nothing back.
    monkeypatch.setattr(claims, "give_back", lambda *_: None)
    assign(engine, ada, Role.MENTOR)
    hook(monkeypatch, slicer, die)
    with pytest.raises(Killed):
        slicer.push()
    with engine.begin() as connection:
        leases.give_back(connection, leases.RECONCILE, "test")
    count = patches(clerk, ada)
    both(slicer)
    assert values(engine, "select holder from claims") == ["test"]
    change(engine, SPENT)
    both(slicer)
    assert patches(clerk, ada) == count
    assert rows(engine, "select pushed -> 'roles', due_at, holder from claims") == [(["LEARNER", "MENTOR"], None, None)]


def test_a_change_during_a_push_is_pushed_afterwards(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign(engine, ada, Role.MENTOR)
    count = patches(clerk, ada)
    hook(monkeypatch, slicer, lambda: (assign(engine, ada, Role.ADMIN), None)[1])
    both(slicer)
    assert (metadata(clerk, ada)["roles"], patches(clerk, ada)) == (["ADMIN", "LEARNER", "MENTOR"], count + 2)


def test_an_echo_before_the_answer_changes_nothing(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = patches(clerk, ada)

    def echo() -> None:
        user = clerk.instance.state.users[ada]
        from clerk import user as parsing
        from reconcile import repair

        shown = parsing.snapshot(user.as_json)
        assert shown is not None
        repair.compare(engine, [shown], Role.LEARNER)

    assign(engine, ada, Role.MENTOR)
    hook(monkeypatch, slicer, echo)
    for _ in range(3):
        both(slicer)
    assert patches(clerk, ada) == count + 1
    assert rows(engine, "select due_at, corrections, parked from claims") == [(None, 0, None)]


def test_a_deletion_during_a_push_is_left_to_reconciling(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign(engine, ada, Role.MENTOR)
    lookup = slicer.backend.users_by_id

    def looked_up(ids: Any) -> Any:
        found = lookup(ids)
        clerk.instance.delete(ada)
        return found

    monkeypatch.setattr(slicer.backend, "users_by_id", looked_up)
    both(slicer)
    assert rows(engine, "select deleted_at is null, failed_because, not_before > now() from users, claims") == [
        (True, "not found", True)
    ]


def test_another_writers_change_is_corrected_but_not_forever(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    for _ in range(5):
        write(clerk, ada, {"roles": ["ADMIN"], "theme": "dark"})
        later(engine, timedelta(minutes=1))
        both(slicer)
        both(slicer)
        assert metadata(clerk, ada) == {"roles": ["LEARNER"], "roles_by": on, "theme": "dark"}
    write(clerk, ada, {"roles": ["ADMIN"]})
    later(engine, timedelta(minutes=1))
    both(slicer)
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["ADMIN"]
    assert values(engine, "select parked from claims") == ["another_writer"]


def test_one_change_by_another_writer_counts_once_however_often_it_is_seen(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    sender = Clerk()
    version = milliseconds_of(clerk, ada)
    for sign_in in range(1, 8):
        body = user(ada, email=None, updated_at=version + sign_in, public_metadata={"roles": ["ADMIN"]})
        apply(engine, sender, sender.send(event("user.updated", body, instance_id=clerk.id)))
    assert rows(engine, "select corrections, parked from claims") == [(1, None)]


@pytest.mark.parametrize("before_push", [True, False])
def test_the_marker_of_another_installation_parks_the_user(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, before_push: bool
) -> None:
    write(clerk, ada, {"roles": ["ADMIN"], "roles_by": "another"})
    if before_push:
        assign(engine, ada, Role.MENTOR)
    later(engine, timedelta(minutes=1))
    both(slicer)
    assert metadata(clerk, ada) == {"roles": ["ADMIN"], "roles_by": "another"}
    assert values(engine, "select parked from claims") == ["another_installation"]


def test_a_limit_of_one_user_delays_only_this_user(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    [grace] = clerk.create()
    later(engine, timedelta(minutes=1))
    both(slicer)
    both(slicer)
    clerk.fail("rate-limited", None, path=f"/v1/users/{ada}/metadata", seconds=30)
    for clerk_id in (ada, grace):
        assign(engine, clerk_id, Role.MENTOR)
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER"]
    assert metadata(clerk, grace)["roles"] == ["LEARNER", "MENTOR"]
    [pause] = values(engine, "select extract(epoch from not_before - now())::float from claims where failures = 1")
    assert 20 < pause <= 30
    assert values(engine, "select failures from reconciling") == [0]
    clerk.instance.faults.clear()
    later(engine, timedelta(seconds=31))
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]


def test_failures_of_one_user_pause_it_longer_each_time(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    clerk.fail("server-error", None, path=f"/v1/users/{ada}/metadata")
    assign(engine, ada, Role.MENTOR)
    pauses = []
    for _ in range(4):
        both(slicer)
        [pause] = values(engine, "select extract(epoch from not_before - now())::float from claims")
        pauses.append(pause)
        later(engine, timedelta(seconds=pause))
    assert all(longest / 2 < pause <= longest for pause, longest in zip(pauses, (5, 10, 20, 40), strict=True))


def test_a_push_that_fails_again_and_again_counts_as_due_since_the_change(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    clerk.fail("server-error", None, path=f"/v1/users/{ada}/metadata")
    assign(engine, ada, Role.MENTOR)
    change(engine, "update claims set due_at = due_at - interval '2 hours'")
    slicer.push()
    with engine.begin() as connection:
        seen = claims_vitals.read(connection)
    assert (seen.due, seen.failing, seen.oldest_change_seconds > 7_200) == (0, 1, True)
    clerk.instance.faults.clear()
    later(engine, timedelta(minutes=1))
    slicer.push()
    with engine.begin() as connection:
        assert claims_vitals.read(connection).oldest_change_seconds == 0


def test_a_limit_of_the_key_pauses_all_requests(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    ids = [ada, *clerk.create(5)]
    later(engine, timedelta(minutes=1))
    both(slicer)
    clerk.fail("rate-limited", None, path="/v1/users/user_", seconds=40)
    for clerk_id in ids:
        assign(engine, clerk_id, Role.MENTOR)
    both(slicer)
    assert values(engine, "select sum(failures) from claims") == [2]
    assert values(engine, "select paused_until > now() + interval '30 s' from reconciling") == [True]
    assert values(engine, "select count(*) from claims where holder is not null") == [0]


def test_pushes_that_succeed_hide_no_failure_of_comparing(
    engine: Engine, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ClerkUnavailable("status 500")

    monkeypatch.setattr(slicer.backend, "last_updated", fail)
    for number in range(1, 4):
        later(engine, timedelta(hours=1))
        slicer.run()
        change(engine, "update reconciling set paused_until = null")
        change(engine, "update claims set due_at = now()")
        slicer.push()
        assert values(engine, "select failures from reconciling") == [number]
    assert values(engine, "select due_at from claims") == [None]


def test_turning_off_ends_a_push_that_is_under_way(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [grace] = clerk.create()
    later(engine, timedelta(minutes=1))
    both(slicer)

    def turn_off() -> None:
        with engine.begin() as connection:
            audit.set_actor(connection, "operator:ada", reason="x")
            assert claims_switch.turn_off(connection)

    for clerk_id in (ada, grace):
        assign(engine, clerk_id, Role.MENTOR)
    hook(monkeypatch, slicer, turn_off)
    slicer.push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]
    assert metadata(clerk, grace)["roles"] == ["LEARNER"]


def test_a_refused_push_is_parked(engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str) -> None:
    write(clerk, ada, {"filler": "x" * 8_100})
    assign(engine, ada, Role.MENTOR)
    assign(engine, ada, Role.ADMIN)
    both(slicer)
    assert rows(engine, "select parked, failed_because from claims") == [("refused", "status 422")]


def moved(engine: Engine, assignment: str) -> None:
    with as_owner(engine) as connection:
        connection.exec_driver_sql("alter table claims_switch disable trigger user")
        connection.exec_driver_sql(f"update claims_switch set {assignment}")
        connection.exec_driver_sql("alter table claims_switch enable always trigger audit_switch")


@pytest.mark.parametrize(
    "elsewhere", ["database_id = '1/1'", "reached_at = 'production:5432/akako'", "instance_id = 'ins_production'"]
)
def test_a_copied_database_pushes_nothing_until_it_is_turned_on(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, elsewhere: str
) -> None:
    moved(engine, elsewhere)
    assign(engine, ada, Role.MENTOR)
    count = patches(clerk, ada)
    both(slicer)
    assert patches(clerk, ada) == count
    assert values(engine, "select due_at is not null from claims") == [True]
    turn_on(engine)
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]


def test_a_user_whose_lease_is_held_elsewhere_is_not_pushed(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    assign(engine, ada, Role.MENTOR)
    with engine.begin() as connection:
        assert [user.clerk_id for user in claims.take(connection, "other", 9, claims.SEEDED, 60)] == [ada]
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER"]
    change(engine, SPENT)
    both(slicer)
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]


def test_the_first_push_waits_for_transactions_that_may_not_have_seen_the_switch(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str
) -> None:
    with engine.begin() as open_before:
        audit.set_actor(open_before, "operator:ada", reason="x")
        open_before.exec_driver_sql("update users set first_name = first_name")
        turn_on(engine)
        with engine.begin() as connection:
            assert claims_switch.seed(connection, 10) is None
    with engine.begin() as connection:
        assert claims_switch.seed(connection, 10) == 1
        assert claims_switch.seed(connection, 10) is None
        switch = claims_switch.read(connection)
    assert switch is not None
    assert switch.is_seeded


def test_turning_on_again_during_a_step_of_the_first_push_starts_from_the_first_user(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    with engine.begin() as connection:
        claims_switch.push_all_again(connection)
    with engine.begin() as holding:
        # The step waits for the rows of a change, and claims are turned on again meanwhile.
        holding.exec_driver_sql("update claims set due_at = now()")

        def step() -> int | None:
            with engine.begin() as connection:
                return claims_switch.seed(connection, 10)

        with waiting_for_a_lock(engine, step) as stepping, ThreadPoolExecutor(1) as thread:
            turned = thread.submit(turn_on, engine)
            with suppress(TimeoutError):
                turned.result(0.3)
            holding.commit()
            stepping.result()
            turned.result()
    assert values(engine, "select seeded_after from claims_switch") == [None]


def test_a_change_does_not_wait_until_all_users_are_marked(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk.create(9)
    later(engine, timedelta(minutes=1))
    both(slicer)
    monkeypatch.setattr(claims_push, "SEEDED_AT_ONCE", 1)
    with engine.begin() as connection:
        claims_switch.push_all_again(connection)
    assign(engine, ada, Role.MENTOR)
    clock = iter(range(1_000))
    assert replace(slicer, now=lambda: next(clock), seconds=8).push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]


def test_users_with_other_roles_are_pushed_first(engine: Engine, clerk: ServedClerk, slicer: Slicer) -> None:
    ids = clerk.create(6)
    both(slicer)
    for clerk_id in ids[3:5]:
        assign(engine, clerk_id, Role.ADMIN)
    turn_on(engine)
    with engine.begin() as connection:
        while claims_switch.seed(connection, 2):
            pass
    with engine.begin() as connection:
        taken = [user.clerk_id for user in claims.take(connection, "other", 6, claims.SEEDED, 1)]
    assert (set(taken[:2]), len(taken)) == (set(ids[3:5]), 6)


def test_pushing_all_users_again_keeps_the_order_and_the_urgency(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    [grace, mary] = clerk.create(2)
    assign(engine, ada, Role.MENTOR)
    later(engine, timedelta(minutes=1))
    both(slicer)
    assign(engine, grace, Role.ADMIN)
    with engine.begin() as connection:
        claims_switch.push_all_again(connection)
        while claims_switch.seed(connection, 2):
            pass
    due = "select clerk_id, priority from claims join users on users.id = user_id where due_at <= now() order by 2"
    assert rows(engine, due) == [(grace, 0), (ada, 1), (mary, 2)]


def test_a_change_during_a_push_keeps_its_urgency(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign(engine, ada, Role.MENTOR)

    def change_and_stop() -> None:
        assign(engine, ada, Role.ADMIN)
        monkeypatch.setattr(claims, "take", lambda *_: [])

    hook(monkeypatch, slicer, change_and_stop)
    slicer.push()
    assert rows(engine, "select priority, due_at <= now() from claims") == [(0, True)]


def test_a_smaller_change_during_a_pause_keeps_the_urgency(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    clerk.fail("server-error", path=f"/v1/users/{ada}/metadata")
    assign(engine, ada, Role.MENTOR)
    slicer.push()
    [learner] = values(engine, "select id from user_roles where role = 'LEARNER'")
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="x")
        roles.revoke(connection, learner, "x")
    assert values(engine, "select priority from claims") == [0]


def test_pushes_end_in_time_and_ask_to_be_continued(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    ids = [ada, *clerk.create(9)]
    later(engine, timedelta(minutes=1))
    both(slicer)
    for clerk_id in ids:
        assign(engine, clerk_id, Role.MENTOR)
    clock = iter(range(1_000))
    slow = replace(slicer, now=lambda: next(clock), seconds=15)
    slices = 1
    while slow.push():
        slices += 1
    assert 1 < slices < 10
    assert all(metadata(clerk, clerk_id)["roles"] == ["LEARNER", "MENTOR"] for clerk_id in ids)
    assert values(engine, "select count(*) from claims where holder is not null") == [0]


def test_a_webhook_shows_what_another_writer_changed(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    sender = Clerk()
    version = milliseconds_of(clerk, ada)
    echo = {"roles": ["LEARNER"], "roles_by": on}
    foreign = {"roles": ["ADMIN"], "roles_by": on}
    for public, later_by, due in ((echo, 0, False), (foreign, -1, False), (foreign, 1, True)):
        body = user(ada, email=None, updated_at=version + later_by, public_metadata=public)
        apply(engine, sender, sender.send(event("user.updated", body, instance_id=clerk.id)))
        assert values(engine, "select due_at is not null from claims") == [due]
    assert values(engine, "select array_agg(role) from current_roles") == [["LEARNER"]]


def test_a_delivery_without_metadata_says_nothing_about_claims(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    sender = Clerk()
    body = user(ada, email=None, updated_at=milliseconds_of(clerk, ada) + 1)
    del body["public_metadata"]
    apply(engine, sender, sender.send(event("user.updated", body, instance_id=clerk.id)))
    assert rows(engine, "select due_at, corrections from claims") == [(None, 0)]


def test_a_list_that_lags_behind_does_not_say_what_clerk_has(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = slicer.backend.users_by_id([ada])
    mentor = assign(engine, ada, Role.MENTOR)
    slicer.push()
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="x")
        roles.revoke(connection, mentor, "x")
    monkeypatch.setattr(slicer.backend, "users_by_id", lambda _: old)
    slicer.push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER"]


def test_after_a_push_of_unknown_outcome_a_list_that_lags_behind_is_not_believed(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out() -> None:
        raise ClerkUnavailable("ReadTimeout")

    old = slicer.backend.users_by_id([ada])
    mentor = assign(engine, ada, Role.MENTOR)
    hook(monkeypatch, slicer, time_out)
    slicer.push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="x")
        roles.revoke(connection, mentor, "x")
    later(engine, timedelta(seconds=6))
    monkeypatch.setattr(slicer.backend, "users_by_id", lambda _: old)
    slicer.push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER"]


def test_a_confirmed_deletion_that_is_held_ends_the_claims(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    with as_owner(engine) as connection:
        audit.set_actor(connection, "reconcile")
        connection.exec_driver_sql("update users set access_ended = true")
    slicer.push()
    assert metadata(clerk, ada)["roles"] == []


def test_an_open_backfill_delays_pushes_and_nothing_is_lost(
    engine: Engine, clerk: ServedClerk, slicer: Slicer, ada: str, on: str
) -> None:
    assign(engine, ada, Role.MENTOR)
    with engine.begin() as connection:
        leases.take(connection, leases.BACKFILL, "import", 60)
    assert not slicer.push()
    with engine.begin() as connection:
        leases.give_back(connection, leases.BACKFILL, "import")
    slicer.push()
    assert metadata(clerk, ada)["roles"] == ["LEARNER", "MENTOR"]
