"""The whole path with the processes of the Procfile, and with each of them killed on the way."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis

from config.redis_url import RedisAddress
from dev.embedded.servers import Servers
from sync import broker
from sync.enqueue import Queue
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import as_owner, change, keep, values
from tests.meanwhile import holding
from tests.running_stack import RunningStack, running_stack
from tests.servers import Database, copy_of
from tests.webhooks.load import Load
from tests.worker.messages import EVENTS_KEY
from tests.worker.started import started_with

AUDIT = "select action from audit_log where clerk_user_id = %s order by action"
PROMPTLY = "select applied_at < next_attempt_at from webhook_events where svix_id = %s"
"""Before the sweep checks: only a message of the receiver can have caused it."""
WAITS = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
WORKER_WAITS = f"{WAITS} and application_name = 'akako worker'"
RECEIVER_WAITS = f"{WAITS} and application_name = 'akako receiver'"
END_RECEIVER = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'akako receiver'"

PRIVATE = ("Augustina", "Lovelace", "example.com", "example.org", "Mozilla", "192.0.2.1", "never to be seen", "v1,")


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def built(database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(database, servers.redis_url, tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture
def stack(built: RunningStack) -> RunningStack:
    """Everything runs, and nothing waits."""
    built.start("web", "worker", "beat")
    until(built.settled)
    return built


@pytest.fixture
def queue(servers: Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.redis_url) as client:
        yield client


def test_a_signed_delivery_becomes_a_user_with_a_role(stack: RunningStack) -> None:
    sent = stack.clerk.created("user_whole", email="whole@example.com")
    assert stack.deliver(sent) == [202]
    until(lambda: stack.roles("user_whole") == ["LEARNER"])
    assert values(stack.engine, AUDIT, "user_whole") == ["role.assigned", "user.created"]
    assert stack.value("select status from webhook_events where svix_id = %s", sent.svix_id) == "applied"


def test_a_deletion_ends_the_role(stack: RunningStack) -> None:
    stack.deliver(stack.clerk.created("user_gone", email=None), stack.clerk.deleted("user_gone", at=9))
    until(lambda: "user.deleted" in values(stack.engine, AUDIT, "user_gone"))
    assert stack.roles("user_gone") == []


@pytest.mark.recovery
def test_invariant_2_a_worker_killed_in_the_middle_of_a_set_leaves_every_effect_once(
    stack: RunningStack, servers: Servers
) -> None:
    stack.deliver(stack.clerk.created("user_held", email=None))
    until(lambda: stack.roles("user_held"))
    stack.kill("worker")
    set_of = [stack.clerk.created(f"user_set_{number}", email=None) for number in range(30)]
    ban = stack.clerk.updated("user_held", at=5, email=None, banned=True)
    svix_ids = keep(stack.engine, stack.clerk, *set_of, ban)
    with holding(stack.engine, "select 1 from users where clerk_id = 'user_held' for update"):
        Queue(RedisAddress(servers.redis_url), set_size=200).put(svix_ids)
        stack.start("worker")
        until(lambda: stack.value(WORKER_WAITS))
        stack.kill("worker")
        until(lambda: not stack.value(WORKER_WAITS))
        assert (
            stack.value(
                "select count(*) from webhook_events where applied_at is not null and svix_id = any(%s)", svix_ids
            )
            == 0
        )
    stack.start("worker")
    until(stack.settled)
    assert values(stack.engine, AUDIT, "user_held") == ["role.assigned", "user.banned", "user.created"]
    lines = values(stack.engine, "select action from audit_log where clerk_user_id like 'user_set_%%'")
    assert Counter(lines) == {"user.created": 30, "role.assigned": 30}


def test_a_message_of_the_calendar_that_comes_late_or_by_another_clock_still_has_force(
    stack: RunningStack, servers: Servers
) -> None:
    options = started_with("beat_schedule", SWEEP_SECONDS="1")["beat_schedule"]["sweep"]["options"]
    stack.kill("beat")
    keep(stack.engine, stack.clerk, stack.clerk.created("user_late", email=None))
    change(stack.engine, "update webhook_events set next_attempt_at = now() where status = 'received'")
    ten_seconds_ago = datetime.now(UTC) - timedelta(seconds=10)
    expires = ten_seconds_ago + timedelta(seconds=options.pop("expires"))
    publisher = broker.publisher(RedisAddress(servers.redis_url))
    publisher.send_task(broker.SWEEP, expires=expires, **options)
    publisher.close()
    until(stack.settled)
    assert stack.roles("user_late") == ["LEARNER"]


@pytest.mark.recovery
def test_invariant_4_losing_all_of_redis_loses_nothing_but_seconds(stack: RunningStack, queue: redis.Redis) -> None:
    stack.kill("worker")
    waiting = [stack.clerk.created(f"user_lost_{number}", email=None) for number in range(20)]
    stack.deliver(*waiting)
    until(lambda: queue.llen(EVENTS_KEY))
    queue.flushall()
    stack.start("worker")
    until(stack.settled)
    assert stack.roles("user_lost_19") == ["LEARNER"]


def test_messages_arrive_again_after_redis_was_emptied(stack: RunningStack, queue: redis.Redis) -> None:
    stack.deliver(stack.clerk.created("user_before", email=None))
    until(stack.settled)
    queue.flushall()
    sent = stack.clerk.created("user_after", email=None)
    stack.deliver(sent)
    until(stack.settled)
    assert stack.value(PROMPTLY, sent.svix_id) is True


@pytest.mark.recovery
def test_invariant_1_a_receiver_killed_in_the_middle_of_a_commit_acknowledged_nothing_that_is_not_in_the_table(
    stack: RunningStack, database: Database
) -> None:
    load = Load(f"{stack.url}/webhooks/clerk", stack.clerk)
    until(lambda: len(load.accepted) > 200)
    with psycopg.connect(database.superuser_url) as table:
        table.execute("lock table webhook_events in exclusive mode")
        until(lambda: stack.value(RECEIVER_WAITS))
        stack.kill("web")
        table.execute(END_RECEIVER)
        until(lambda: not stack.value(RECEIVER_WAITS))
    load.wait()
    assert set(load.accepted) <= set(values(stack.engine, "select svix_id from webhook_events"))
    stack.start("web")
    until(stack.settled)


def calendars(stack: RunningStack) -> int:
    """How many calendars have started so far."""
    return [line["event"] for line in stack.lines()].count("beat.started")


def test_two_calendars_at_once_write_down_each_end_once(stack: RunningStack) -> None:
    (second,) = [process for process in stack.processes() if process.name == "beat"]
    stack.deliver(stack.clerk.created("user_timed", email=None))
    until(lambda: stack.roles("user_timed"))
    before = calendars(stack)
    stack.launch(second)
    try:
        until(lambda: calendars(stack) > before)
        with as_owner(stack.engine) as connection:
            connection.exec_driver_sql(
                """
                insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
                select id, 'MENTOR', now() - make_interval(days => day + 1), now() - make_interval(days => day), 'test'
                from users, generate_series(0, 49) as day where clerk_id = 'user_timed'
                """
            )
        until(lambda: stack.roles("user_timed") == ["LEARNER"])
    finally:
        second.end()
    assert values(stack.engine, AUDIT, "user_timed").count("role.expired") == 50


def test_no_log_of_all_this_holds_anything_of_a_person_or_a_secret(stack: RunningStack, database: Database) -> None:
    person = stack.clerk.created("user_quiet", email="quiet@example.com", first_name="Augustina")
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("alter table users add constraint refused check (first_name <> 'Augustina')")
        stack.deliver(person, Clerk().created(), stack.clerk.send(b"no JSON of Augustina"))
        until(lambda: {"event.postponed", "delivery.refused"} <= {line["event"] for line in stack.lines()})
        owner.execute("alter table users drop constraint refused")
    text = stack.text()
    assert [word for word in (*PRIVATE, *stack.clerk.secrets, person.headers["svix-signature"]) if word in text] == []
    assert {line["process"] for line in stack.lines()} == {"receiver", "worker", "beat"}


@pytest.mark.recovery
def test_a_set_whose_worker_process_was_killed_comes_apart_and_is_applied(
    stack: RunningStack, servers: Servers
) -> None:
    stack.deliver(stack.clerk.created("user_heavy", email=None))
    until(lambda: stack.roles("user_heavy"))
    ban = stack.clerk.updated("user_heavy", at=5, email=None, banned=True)
    svix_ids = keep(stack.engine, stack.clerk, stack.clerk.created("user_light", email=None), ban)
    with holding(stack.engine, "select 1 from users where clerk_id = 'user_heavy' for update"):
        Queue(RedisAddress(servers.redis_url), set_size=200).put(svix_ids)
        until(lambda: stack.value(WORKER_WAITS))
        stack.kill_hands()
        until(lambda: "set.redelivered" in stack.text())
    until(stack.settled)
    assert stack.roles("user_light") == ["LEARNER"]
    assert values(stack.engine, AUDIT, "user_heavy") == ["role.assigned", "user.banned", "user.created"]
