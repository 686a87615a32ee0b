"""What becomes of events that cannot be applied, and that their neighbours do not suffer for it."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs

from akako_guard.database import faults
from akako_guard.database.engine import connect
from akako_guard.role import Role
from sync import failures
from sync.apply import Applied
from sync.apply import _apply as halve
from sync.apply import apply as apply_ids
from tests.clerk_sender import Clerk, Sent
from tests.ledger import actions, change, keep, rows, statuses, values
from tests.meanwhile import holding
from tests.servers import Database
from tests.sync.conftest import Apply

POISON = "alter table users add constraint no_poison check (first_name <> 'Mithridates')"
SLOW = """
    create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(30); return new; end $$;
    create trigger slow before insert on users for each row when (new.first_name = 'Fabius') execute function slow()
"""


def some(clerk: Clerk, *first_names: str) -> list[Sent]:
    """A creation for each of these names."""
    return [
        clerk.created(f"user_{number}", email=f"{number}@example.com", first_name=name)
        for number, name in enumerate(first_names)
    ]


def make_due(engine: Engine) -> None:
    """Let every pause be over."""
    change(engine, "update webhook_events set next_attempt_at = now() where status = 'received'")


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_poisoned_event_is_found_and_its_neighbours_are_applied_in_the_same_call(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk, place: int
) -> None:
    change(owner, POISON)
    names = ["Ada"] * 7
    names[place] = "Mithridates"
    assert apply(*some(clerk, *names)) == Applied(applied=6, failed=1)
    assert statuses(engine) == {"applied": 6, "received": 1}
    assert values(engine, "select clerk_user_id from webhook_events where attempts = 1") == [f"user_{place}"]
    assert actions(engine).count("user.created") == 6


def test_several_poisoned_events_are_each_found(engine: Engine, owner: Engine, apply: Apply, clerk: Clerk) -> None:
    change(owner, POISON)
    assert apply(*some(clerk, *(["Ada", "Mithridates"] * 4))) == Applied(applied=4, failed=4)


def test_what_was_poison_is_applied_once_its_cause_is_mended(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk
) -> None:
    change(owner, POISON)
    (sent,) = some(clerk, "Mithridates")
    apply(sent)
    change(owner, "alter table users drop constraint no_poison")
    assert apply(sent) == Applied()
    make_due(engine)
    assert apply(sent) == Applied(applied=1)
    assert rows(engine, "select status, last_error from webhook_events") == [("applied", None)]


def test_pauses_grow_to_about_a_day_in_all_and_then_it_is_time_to_park() -> None:
    pauses = [failures.pause(attempts) for attempts in range(11)]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert len(known) == 10
    assert 20 * 3_600 < sum(known) < 30 * 3_600


def test_a_poisoned_event_comes_again_after_growing_pauses_and_is_parked_with_a_reason(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk
) -> None:
    change(owner, POISON)
    (sent,) = some(clerk, "Mithridates")
    paused = []
    for _ in range(10):
        apply(sent)
        paused += rows(engine, "select status, round(extract(epoch from next_attempt_at - now())) from webhook_events")
        make_due(engine)
    assert {status for status, _ in paused} == {"received"}
    assert all(later >= sooner for (_, sooner), (_, later) in pairwise(paused))
    apply(sent)
    ((status, reason),) = rows(engine, "select status, last_error from webhook_events")
    assert status == "parked"
    assert str(reason).startswith(
        "Attempt 11: error IntegrityError, sqlstate 23514, constraint no_poison, at db/new_users.py:"
    )


def test_neither_the_reason_nor_the_log_holds_personal_data(
    engine: Engine, owner: Engine, apply: Apply, clerk: Clerk
) -> None:
    change(owner, POISON)
    with capture_logs() as logged:
        apply(clerk.created(email="king@example.com", first_name="Mithridates", last_name="Eupator"))
    said = str(logged) + str(values(engine, "select last_error from webhook_events"))
    assert "event.postponed" in said
    assert [
        word for word in ("king", "example.com", "Mithridates", "Eupator", "never to be seen") if word in said
    ] == []


def test_while_the_database_is_away_nothing_is_counted_against_the_events(engine: Engine, clerk: Clerk) -> None:
    ids = keep(engine, clerk, *some(clerk, "Ada", "Ada"))
    nowhere = connect("postgresql://akako_app@127.0.0.1:1/akako", "test")
    with pytest.raises(SQLAlchemyError) as away:
        apply_ids(nowhere, ids, Role.LEARNER)
    nowhere.dispose()
    assert faults.is_unavailable(away.value)
    assert rows(engine, "select distinct status, attempts, last_error from webhook_events") == [("received", 0, None)]


@pytest.mark.parametrize("sqlstate", ["53100", "57P03", "25006"])
def test_a_database_that_gives_up_in_the_middle_is_not_the_events_fault(
    engine: Engine, owner: Engine, clerk: Clerk, sqlstate: str
) -> None:
    ids = keep(engine, clerk, *some(clerk, "Ada", "Ada"))
    change(
        owner,
        f"""
        create function give_up() returns trigger language plpgsql as
        $$ begin raise exception 'full' using errcode = '{sqlstate}'; end $$;
        create trigger give_up before insert on user_roles for each row execute function give_up()
        """,
    )
    with pytest.raises(SQLAlchemyError):
        apply_ids(engine, ids, Role.LEARNER)
    assert rows(engine, "select distinct status, attempts, last_error from webhook_events") == [("received", 0, None)]
    assert values(engine, "select id from users") == []


@pytest.mark.parametrize(
    "not_of_this_version",
    ["revoke update on users from akako_app", "alter table users rename column image_url to image_uri"],
    ids=["a missing grant", "a missing column"],
)
def test_tables_that_are_not_of_this_version_are_not_the_events_fault(
    engine: Engine, owner: Engine, clerk: Clerk, not_of_this_version: str
) -> None:
    ids = keep(engine, clerk, *some(clerk, "Ada", "Ada", "Ada"))
    change(owner, not_of_this_version)
    with pytest.raises(SQLAlchemyError) as raised:
        apply_ids(engine, ids, Role.LEARNER)
    assert "akako migrate" in str(faults.remedy(raised.value))
    assert rows(engine, "select distinct status, attempts, last_error from webhook_events") == [("received", 0, None)]


def test_halving_ends_in_time_when_everything_is_locked_and_nothing_is_counted(
    database: Database, engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    ids = keep(engine, clerk, *some(clerk, *["Ada"] * 8))
    impatient = connect(database.app_url, "test", lock_seconds=0.2)
    with holding(owner, "lock table users in share mode"), pytest.raises(SQLAlchemyError) as raised:
        halve(impatient, ids, Role.LEARNER, time.monotonic() + 0.5)
    impatient.dispose()
    assert faults.is_lock(raised.value)
    assert rows(engine, "select distinct status, attempts, last_error from webhook_events") == [("received", 0, None)]


def test_an_event_whose_statement_takes_too_long_is_postponed_and_the_others_are_applied(
    database: Database, engine: Engine, owner: Engine, clerk: Clerk
) -> None:
    change(owner, SLOW)
    ids = keep(engine, clerk, *some(clerk, "Ada", "Fabius", "Ada"))
    impatient = connect(database.app_url, "test", statement_seconds=0.3)
    assert apply_ids(impatient, ids, Role.LEARNER) == Applied(applied=2, failed=1)
    impatient.dispose()
    assert "sqlstate 57014" in str(values(engine, "select last_error from webhook_events where attempts = 1"))


@pytest.fixture
def impatient(database: Database) -> Iterator[Engine]:
    """Connections that wait a moment for a lock."""
    pool = connect(database.app_url, "test", lock_seconds=0.2)
    yield pool
    pool.dispose()


def test_events_of_locked_users_are_left_uncounted_and_all_others_are_applied(
    engine: Engine, impatient: Engine, apply: Apply, clerk: Clerk
) -> None:
    apply(*some(clerk, *["Ada"] * 40))
    ids = keep(engine, clerk, *(clerk.updated(f"user_{number}", at=1, email=None) for number in range(40)))
    with holding(engine, "select from users where clerk_id in ('user_1', 'user_17', 'user_33') for update"):
        assert apply_ids(impatient, ids, Role.LEARNER) == Applied(applied=37)
    assert rows(engine, "select distinct attempts, last_error from webhook_events where status = 'received'") == [
        (0, None)
    ]
    assert apply_ids(impatient, ids, Role.LEARNER) == Applied(applied=3)


@pytest.mark.parametrize(
    "moves",
    [{"user_0": "held@example.com"}, {"user_0": "free@example.com"}],
    ids=["to its address", "from its address"],
)
def test_who_shares_an_address_with_a_user_that_is_held_is_left_too(
    engine: Engine, impatient: Engine, apply: Apply, clerk: Clerk, moves: dict[str, str]
) -> None:
    before = "other@example.com" if "held@example.com" in moves.values() else "held@example.com"
    apply(clerk.created("user_0", email=before), clerk.created("user_1", email="held@example.com"))
    ids = keep(engine, clerk, *(clerk.updated(clerk_id, at=1, email=email) for clerk_id, email in moves.items()))
    ids += keep(engine, clerk, clerk.created("user_2"))
    with holding(engine, "select from users where clerk_id = 'user_1' for update"):
        assert apply_ids(impatient, ids, Role.LEARNER) == Applied(applied=1)
    assert apply_ids(impatient, ids, Role.LEARNER) == Applied(applied=1)
