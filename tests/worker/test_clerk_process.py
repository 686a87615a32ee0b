"""The process that asks Clerk, as the Procfile starts it: beside a Clerk that does not answer, stopped, and killed."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from akako_guard.role import Role
from config.redis_url import KEY_PREFIX, RedisAddress
from db import audit, claims_switch, clerk_instance
from health.watchdog import STALLED
from sync import broker
from tests import people
from tests.dev.groups import until
from tests.ledger import actions, as_owner, values
from tests.reconcile.reconciled import pass_time
from tests.running_stack import RunningStack, running_stack
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

pytestmark = pytest.mark.recovery

MINUTES_AGO = 180
"""Seconds by which this Clerk's clock is behind, so that no webhook of its changes can be on its way any more."""
USERS = "/v1/users"
MANY = 1_000
LEASES = "select count(*) from leases where name = 'reconcile' and expires_at > clock_timestamp()"
HEARTBEAT = "select count(*) from heartbeats where part = 'clerk' and seen_at > now() - interval '20 s'"
STOPS_WITHIN_SECONDS = 30


@pytest.fixture
def clerk() -> Iterator[ServedClerk]:
    with served_clerk(lambda: time.time() - MINUTES_AGO) as running:
        running.instance.state.instance_id = "ins_akako"  # the one whose deliveries a stack gets
        yield running


@pytest.fixture
def stack(database: Database, redis_url: str, tmp_path: Path, clerk: ServedClerk) -> Iterator[RunningStack]:
    """A stack of which nothing is started yet, with the keys of this Clerk."""
    backend = {
        "CLERK_SECRET_KEY": clerk.key,
        "CLERK_API_URL": clerk.url,
        "CLERK_REQUESTS_PER_SECOND": "100",
        "LOG_LEVEL": "DEBUG",
    }
    with running_stack(database, redis_url, tmp_path, **backend) as made:
        yield made


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def pin(stack: RunningStack, clerk: ServedClerk) -> None:
    with stack.engine.begin() as connection:
        audit.set_actor(connection, "operator:ada")
        clerk_instance.pin(connection, clerk.id, "development")


def ask(redis_url: str) -> None:
    """The scheduler's message, without waiting a minute for it."""
    publisher = broker.publisher(RedisAddress(redis_url))
    publisher.send_task(broker.RECONCILE, queue=broker.CLERK)
    publisher.close()


def be_silent(clerk: ServedClerk) -> None:
    """Answer no question about users any more."""
    clerk.fail("silent", times=MANY, path=USERS)


def waits(clerk: ServedClerk) -> bool:
    """Whether a question about users is waiting for its answer."""
    return any(fault.times != MANY for fault in clerk.instance.faults.all())


def lost(clerk: ServedClerk, number: int = 1) -> list[str]:
    """Users that were created minutes ago, and whose webhooks did not arrive."""
    return clerk.create(number, created_at=None)


def test_a_user_whose_webhook_was_lost_is_found_once_an_instance_is_pinned(
    stack: RunningStack, clerk: ServedClerk, redis_url: str
) -> None:
    stack.start("web", "clerk")
    until(lambda: "instance.not_pinned" in stack.text())
    until(lambda: stack.value(HEARTBEAT))
    pin(stack, clerk)
    ask(redis_url)
    until(lambda: stack.value("select count(*) from reconciling where answered_at is not null"))
    (user_id,) = lost(clerk)
    pass_time(stack.engine, timedelta(minutes=1))
    ask(redis_url)
    until(lambda: stack.roles(user_id))
    assert stack.roles(user_id) == ["LEARNER"]
    assert values(stack.engine, "select distinct actor from audit_log where clerk_user_id = %s", user_id) == [
        "reconcile"
    ]
    until(lambda: "user.repaired" in stack.text())  # written after the transaction
    assert [word for word in ("example.com", clerk.key) if word in stack.text()] == []


def test_the_scheduler_starts_the_next_slice(stack: RunningStack, clerk: ServedClerk) -> None:
    pin(stack, clerk)
    stack.start("web", "beat", "clerk")
    until(lambda: stack.value("select count(*) from reconciling where answered_at is not null"))
    (user_id,) = lost(clerk)
    until(lambda: stack.roles(user_id), 120)
    assert actions(stack.engine, user_id) == ["user.created", "role.assigned"]


def test_a_clerk_that_does_not_answer_delays_no_event(stack: RunningStack, clerk: ServedClerk) -> None:
    pin(stack, clerk)
    be_silent(clerk)
    stack.start("web", "worker", "clerk")
    until(lambda: waits(clerk))
    stack.deliver(stack.clerk.created("user_prompt", email=None))
    until(lambda: stack.roles("user_prompt"), 15)
    assert stack.value(LEASES) == 1
    assert "clerk_api.unavailable" not in stack.text()


def test_sigterm_in_the_middle_of_a_slice_ends_it_in_time_and_gives_the_lease_back(
    stack: RunningStack, clerk: ServedClerk
) -> None:
    pin(stack, clerk)
    be_silent(clerk)
    stack.start("web", "clerk")
    until(lambda: waits(clerk))
    assert stack.value(LEASES) == 1
    started = time.monotonic()
    stack.stop("clerk")
    assert time.monotonic() - started < STOPS_WITHIN_SECONDS
    assert stack.code("clerk") == 0
    assert stack.value(LEASES) == 0


def test_a_slice_ends_after_the_request_during_which_the_process_is_stopped(
    stack: RunningStack, clerk: ServedClerk
) -> None:
    pin(stack, clerk)
    lost(clerk)
    clerk.fail("silent", times=MANY, path=USERS, seconds=1)
    stack.start("web", "clerk")
    until(lambda: waits(clerk))
    stack.stop("clerk")
    (fault,) = clerk.instance.faults.all()
    assert fault.times == MANY - 1
    assert stack.code("clerk") == 0
    assert "clerk_api.unavailable" not in stack.text()


def test_kill_9_in_the_middle_of_a_slice_loses_nothing(stack: RunningStack, clerk: ServedClerk, redis_url: str) -> None:
    pin(stack, clerk)
    be_silent(clerk)
    stack.start("web", "clerk")
    until(lambda: waits(clerk))
    stack.kill("clerk")
    clerk.instance.faults.clear()
    ids = lost(clerk, 3)
    stack.start("clerk")
    assert stack.value(LEASES) == 1
    with as_owner(stack.engine) as connection:
        connection.exec_driver_sql("update leases set expires_at = now() where name = 'reconcile'")
    ask(redis_url)
    until(lambda: all(stack.roles(each) for each in ids))
    assert [actions(stack.engine, each) for each in ids] == [["user.created", "role.assigned"]] * 3


def test_a_process_whose_child_is_suspended_ends_and_the_next_one_asks(
    stack: RunningStack, clerk: ServedClerk, redis_url: str
) -> None:
    pin(stack, clerk)
    stack.start("web", "clerk")
    until(lambda: stack.value("select count(*) from reconciling where answered_at is not null"))
    for hand in stack.hands("clerk"):
        hand.suspend()
    (user_id,) = lost(clerk)
    pass_time(stack.engine, timedelta(minutes=1))
    ask(redis_url)
    until(lambda: stack.code("clerk") == STALLED, 60)
    assert "clerk.stalled" in stack.text()
    stack.start("clerk")
    until(lambda: stack.roles(user_id))


def test_a_worker_takes_no_message_of_the_process_that_asks_clerk(
    stack: RunningStack, redis_url: str, queue: redis.Redis
) -> None:
    ask(redis_url)
    stack.start("web", "worker")
    stack.deliver(stack.clerk.created("user_first", email=None))
    until(lambda: stack.roles("user_first"))
    assert queue.llen(KEY_PREFIX + broker.CLERK) == 1


def turn_claims_on(stack: RunningStack, clerk: ServedClerk) -> None:
    with stack.engine.begin() as connection:
        audit.set_actor(connection, "operator:ada", reason="Menus need roles.")
        claims_switch.turn_on(connection, clerk.id, Role.LEARNER)


def roles_at_clerk(clerk: ServedClerk, user_id: str) -> object:
    return clerk.instance.state.users[user_id].public_metadata.get("roles")


def test_a_changed_role_is_at_clerk_within_seconds(stack: RunningStack, clerk: ServedClerk) -> None:
    pin(stack, clerk)
    turn_claims_on(stack, clerk)
    ids = lost(clerk, 3)
    stack.start("web", "beat", "clerk")
    until(lambda: all(roles_at_clerk(clerk, each) == ["LEARNER"] for each in ids), 120)
    people.assign(stack.engine, ids[1], Role.ADMIN)
    until(lambda: roles_at_clerk(clerk, ids[1]) == ["ADMIN", "LEARNER"], 15)
    assert [word for word in ("example.com", clerk.key) if word in stack.text()] == []


def test_kill_9_in_the_middle_of_a_push_leads_to_the_same_end(
    stack: RunningStack, clerk: ServedClerk, redis_url: str
) -> None:
    pin(stack, clerk)
    ids = lost(clerk, 3)
    stack.start("web", "beat", "clerk")
    until(lambda: all(stack.roles(each) for each in ids), 120)
    clerk.fail("silent", times=MANY, path="/v1/users/user_")
    turn_claims_on(stack, clerk)
    until(lambda: waits(clerk))
    stack.kill("clerk")
    clerk.instance.faults.clear()
    people.assign(stack.engine, ids[0], Role.MENTOR)
    with as_owner(stack.engine) as connection:
        assert connection.exec_driver_sql("select count(*) from claims where holder is not null").scalar_one() == 3
        connection.exec_driver_sql("update leases set expires_at = now() where name = 'reconcile'")
        connection.exec_driver_sql("update claims set expires_at = now() where holder is not null")
    stack.start("clerk")
    until(lambda: [roles_at_clerk(clerk, each) for each in ids] == [["LEARNER", "MENTOR"], ["LEARNER"], ["LEARNER"]])
    until(lambda: stack.value("select count(*) from claims where holder is not null or due_at is not null") == 0)
