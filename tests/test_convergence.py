"""Invariant 3: any order and any number of repeats of users' events ends in the same users and active roles."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from db.audit import Author
from sync.apply import apply
from sync.deletion_limits import Limit
from sync.hold_decisions import release
from tests.clerk_sender import Clerk
from tests.examples import examples
from tests.ledger import keep, rows, values
from tests.lives import DELETED, Delivered, Moment, deliveries
from tests.meanwhile import at_once
from tests.servers import Database

CASES = itertools.count(1)
USERS = """
    select replace(clerk_id, %s, ''), replace(email, %s, ''), replace(claimed_email, %s, ''), first_name, last_name,
           username, image_url, external_id, banned, banned_as_of, email_verified, clerk_created_at, clerk_updated_at,
           deleted_at,
           array(select role from user_roles where user_id = users.id and is_active order by role)
    from users where clerk_id like 'user\\_' || %s || '\\_%%' order by clerk_id
"""
LINES = """
    select action, count(*) from audit_log
    where clerk_user_id like 'user\\_' || %s || '\\_%%' group by clerk_user_id, action
"""
WAITING = """
    select svix_id, status, attempts, last_error from webhook_events
    where clerk_user_id like 'user\\_' || %s || '\\_%%' and status <> 'applied'
"""
ONCE = {"user.created", "user.deleted", "role.assigned", "role.revoked"}


@pytest.fixture
def workers(database: Database) -> Iterator[list[Engine]]:
    """Two workers' connections, one each, as their processes have."""
    pools = [connect(database.app_url, "worker", connections=1, lock_seconds=2) for _ in range(2)]
    yield pools
    for pool in pools:
        pool.dispose()


UNLIMITED, NONE = Limit(10**9, 0), Limit(0, 0)


def orderly(engine: Engine, clerk: Clerk, case: str, delivered: Delivered) -> None:
    """Deliver each event once, one after another, as they happened."""
    for moment in delivered.in_order:
        apply(engine, keep(engine, clerk, moment.sent(clerk, case)), Role.LEARNER, limit=UNLIMITED)


def disorderly(workers: list[Engine], clerk: Clerk, case: str, delivered: Delivered, limit: Limit = UNLIMITED) -> None:
    """Let two workers at once apply the messages as they come, every second one each."""
    ids = keep(workers[0], clerk, *(moment.sent(clerk, case) for moment in delivered.happened))

    def work(number: int) -> None:
        for message in delivered.messages[number::2]:
            apply(workers[number], [ids[moment] for moment in message], Role.LEARNER, limit=limit)

    at_once(lambda: work(0), lambda: work(1))


def users(engine: Engine, case: str) -> list[tuple[Any, ...]]:
    """All that Clerk says of a case's users, the addresses and roles they hold; the name of the case left out."""
    return rows(engine, USERS, f"_{case}_", f".{case}", f".{case}", case)


ADA_DROPS_WHAT_BEA_TOOK = Delivered(
    [
        Moment("ada", "created", 1, "office"),
        Moment("bea", "created", 2, "office"),
        Moment("bea", "updated", 3, None),
        Moment("cyd", "created", 4, "Office"),
        Moment("cyd", DELETED, 5),
    ],
    [[4, 2], [3, 1], [0], [2], [1, 0]],
)


A_BAN_GIVES_THE_ADDRESS_BACK = Delivered(
    [
        Moment("ada", "created", 1, "office"),
        Moment("bea", "created", 2, "office", verified=False),
        Moment("cyd", "created", 3, "office"),
        Moment("cyd", "updated", 4, "office", banned=True),
        Moment("cyd", "updated", 5, "Office", banned=None),
    ],
    [[4], [3, 0], [2], [1, 4], [0]],
)


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(delivered=ADA_DROPS_WHAT_BEA_TOOK)
@example(delivered=A_BAN_GIVES_THE_ADDRESS_BACK)
@given(delivered=deliveries())
def test_invariant_3_any_order_in_any_sets_by_two_workers_at_once_ends_as_the_orderly_delivery(
    engine: Engine, workers: list[Engine], clerk: Clerk, delivered: Delivered
) -> None:
    number = next(CASES)
    calm, wild = f"{number}calm", f"{number}wild"
    orderly(engine, clerk, calm, delivered)
    disorderly(workers, clerk, wild, delivered)
    assert rows(engine, WAITING, calm) + rows(engine, WAITING, wild) == []
    assert users(engine, wild) == users(engine, calm)
    for case in (calm, wild):
        assert [(action, count) for action, count in rows(engine, LINES, case) if action in ONCE and count > 1] == []


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(delivered=ADA_DROPS_WHAT_BEA_TOOK)
@given(delivered=deliveries())
def test_deletions_that_are_held_and_released_end_as_those_that_are_applied_at_once(
    engine: Engine, workers: list[Engine], clerk: Clerk, delivered: Delivered
) -> None:
    number = next(CASES)
    calm, wild = f"{number}calm", f"{number}wild"
    orderly(engine, clerk, calm, delivered)
    disorderly(workers, clerk, wild, delivered, NONE)
    held = values(engine, "select clerk_id from deletion_holds where ended_at is null")
    assert release(engine.begin, held, Author(actor="operator:grace", reason="They left.")).done == held
    assert rows(engine, WAITING, wild) == []
    assert users(engine, wild) == users(engine, calm)
