"""The table of differences: one open row per user, and who is absent according to the bits of a walk."""

from collections.abc import Collection
from datetime import datetime

import pytest
from sqlalchemy import Engine

from clerk.user import Deletion
from db import audit, clock, drift, walks
from db.drift import Finding
from db.walks import Walk
from reconcile.walking import ShownUsers
from sync.apply import apply_absences
from tests import people
from tests.ledger import as_owner, change, rows, values

OPEN = "select clerk_id from drift where ended_at is null order by clerk_id"
EVERYONE = "select id, clerk_id from users order by id"
LINES = "select actor, actor_email, reason, cause, clerk_user_id, after from audit_log where action = 'drift.repaired'"


@pytest.fixture
def walk(engine: Engine) -> Walk:
    with engine.begin() as connection:
        return walks.start(connection, "ins_1", 0, kind=walks.RECONCILE)


@pytest.fixture
def stored(engine: Engine) -> dict[int, str]:
    """The Clerk ids of 20 users, by row id, which has gaps."""
    for number in range(20):
        people.add(engine, f"user_{number:02}")
        if number % 7 == 3:
            with as_owner(engine) as connection:
                connection.exec_driver_sql("select nextval(pg_get_serial_sequence('users', 'id'))")
    return dict(rows(engine, EVERYONE))


def bits(shown: Collection[int]) -> bytes:
    made = ShownUsers()
    for number in shown:
        made.add(number)
    return made.bits


def absent(engine: Engine, walk: Walk, shown: Collection[int], before: datetime | None = None) -> int:
    with engine.begin() as connection:
        return drift.record_absent(connection, walk.id, bits(shown), before or clock.now(connection))


def found(engine: Engine, clerk_id: str, kind: str, seconds: float = 60, walk_id: int | None = None) -> int:
    with engine.begin() as connection:
        [made] = drift.record(connection, [Finding(clerk_id=clerk_id, kind=kind)], walk_id, seconds).values()
    return made


def test_each_user_whose_bit_is_not_set_is_absent(engine: Engine, walk: Walk, stored: dict[int, str]) -> None:
    for left_out in stored:
        change(engine, "update drift set ended_at = now(), outcome = 'resolved' where ended_at is null")
        assert absent(engine, walk, stored.keys() - {left_out}) == 1
        assert values(engine, OPEN) == [stored[left_out]]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15, 16, 17, 20])
def test_users_beyond_the_last_bit_are_absent(engine: Engine, walk: Walk, stored: dict[int, str], count: int) -> None:
    shown = sorted(stored)[:count]

    assert absent(engine, walk, shown) == len(stored) - count
    assert values(engine, OPEN) == sorted(stored[number] for number in stored if number not in shown)


def test_bits_of_users_that_are_not_stored_change_nothing(engine: Engine, walk: Walk, stored: dict[int, str]) -> None:
    assert absent(engine, walk, range(max(stored) + 100)) == 0


def test_users_stored_after_the_walk_began_are_not_absent(engine: Engine, walk: Walk, stored: dict[int, str]) -> None:
    assert absent(engine, walk, (), before=walk.started_at) == 0


def test_deleted_users_are_not_absent(engine: Engine, walk: Walk, stored: dict[int, str]) -> None:
    apply_absences(engine, [Deletion(clerk_id="user_03", at=walk.started_at)], "test")

    assert absent(engine, walk, ()) == 19
    assert "user_03" not in values(engine, OPEN)


def test_an_open_difference_of_another_class_becomes_absent_and_an_absent_one_stays(
    engine: Engine, walk: Walk, stored: dict[int, str]
) -> None:
    ahead, gone = found(engine, "user_00", "ahead"), found(engine, "user_01", "absent")
    with engine.begin() as connection:
        drift.note_gone(connection, [gone], 600)
    before = rows(engine, "select * from drift where id = %s", gone)

    assert absent(engine, walk, [number for number, clerk_id in stored.items() if clerk_id > "user_01"]) == 2

    assert rows(engine, "select id, class, walk_id from drift where id = %s", ahead) == [(ahead, "absent", walk.id)]
    assert rows(engine, "select * from drift where id = %s", gone) == before


def test_a_user_has_one_open_difference_and_a_new_one_after_it_ended(engine: Engine) -> None:
    first = found(engine, "user_ada", "ahead")
    assert found(engine, "user_ada", "differs") == first
    with engine.begin() as connection:
        assert drift.end(connection, [first], "resolved") == 1
        assert drift.end(connection, [first], "repaired") == 0
    assert found(engine, "user_ada", "differs") != first
    assert values(engine, "select class from drift order by id") == ["differs", "differs"]


def test_a_first_answer_that_a_user_is_gone_does_not_outlive_the_class(engine: Engine) -> None:
    number = found(engine, "user_ada", "absent")
    with engine.begin() as connection:
        drift.note_gone(connection, [number], 600)
    gone = values(engine, "select gone_at from drift")
    with engine.begin() as connection:
        drift.note_gone(connection, [number], 600)
    assert values(engine, "select gone_at from drift") == gone
    found(engine, "user_ada", "absent")
    assert values(engine, "select gone_at from drift") == gone

    found(engine, "user_ada", "missed_update")

    assert values(engine, "select gone_at from drift") == [None]


def test_differences_are_due_after_their_time_longest_first(engine: Engine) -> None:
    ids = [found(engine, f"user_{number}", "ahead", seconds) for number, seconds in enumerate((-10, -20, 60))]

    with engine.begin() as connection:
        assert [each.id for each in drift.due(connection, 10)] == [ids[1], ids[0]]
        assert [each.id for each in drift.due(connection, 1)] == [ids[1]]
        drift.postpone(connection, ids, 60)
        assert drift.due(connection, 10) == []


def test_open_ids_and_counts_are_those_of_open_differences(engine: Engine) -> None:
    ids = [found(engine, f"user_{kind}", kind) for kind in drift.CLASSES]
    with engine.begin() as connection:
        drift.end(connection, ids[:2], "repaired")
        assert drift.open_ids(connection, None) == ids[:1:-1]
        assert drift.open_ids(connection, drift.CLASSES[3]) == [ids[3]]
        assert drift.open_counts(connection) == dict.fromkeys(drift.CLASSES[2:], 1)
        assert [each.id for each in drift.of_ids(connection, [ids[1], 999, ids[0]])] == ids[:2]


def test_a_repair_with_a_reason_leaves_one_line_and_one_without_none(engine: Engine) -> None:
    people.add(engine, "user_ada")
    ids = [found(engine, "user_ada", "differs"), found(engine, "user_bea", "differs")]
    with engine.begin() as connection:
        audit.set_actor(connection, "user_admin", actor_email="a@b.c", reason="Case 17.", cause="req_1", forced=True)
        drift.end(connection, ids[:1], "repaired")
        drift.end(connection, ids[:1], "repaired")
    with engine.begin() as connection:
        audit.set_actor(connection, "reconcile")
        drift.end(connection, ids[1:], "repaired")

    after = {"class": "differs", "fields": [], "forced": True}
    assert rows(engine, LINES) == [("user_admin", "a@b.c", "Case 17.", f"drift_{ids[0]}", "user_ada", after)]


@pytest.mark.parametrize("outcome", ["resolved", "deleted", "held"])
def test_an_end_that_is_no_repair_leaves_no_line(engine: Engine, outcome: str) -> None:
    number = found(engine, "user_ada", "absent")
    with engine.begin() as connection:
        audit.set_actor(connection, "user_admin", reason="Case 17.")
        drift.end(connection, [number], outcome)
    assert rows(engine, LINES) == []


def test_a_walk_records_as_many_absent_users_as_it_may_and_counts_all(
    engine: Engine, walk: Walk, stored: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "MOST_ABSENT", 3)

    assert absent(engine, walk, ()) == 20
    assert len(values(engine, OPEN)) == 3
    assert absent(engine, walk, ()) == 20
    assert len(values(engine, OPEN)) == 6
