"""The whole path with the processes of the Procfile, and with each of them killed on the way."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import redis

from dev.embedded.servers import Servers
from sync import broker
from sync.broker import EVENTS
from sync.enqueue import Queue
from tests.clerk_says import Clerk
from tests.dev.groups import until
from tests.ledger import as_owner, change, keep, values
from tests.meanwhile import holding
from tests.servers import Database, copy_of
from tests.town import Town, town
from tests.webhooks.load import Load
from tests.worker.started import started_with

AUDIT = "select action from audit_log where clerk_user_id = %s order by action"
PROMPTLY = "select applied_at < next_attempt_at from webhook_events where svix_id = %s"
"""Before the sweep looks at it: only a nudge can have brought it."""
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
def built(database: Database, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(database, servers.redis_url, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
def home(built: Town) -> Town:
    """Everything runs, and nothing waits."""
    built.start("web", "worker", "beat")
    until(built.settled)
    return built


@pytest.fixture
def queue(servers: Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.redis_url) as client:
        yield client


def test_a_signed_delivery_becomes_a_user_with_a_role(home: Town) -> None:
    sent = home.clerk.created("user_whole", email="whole@example.com")
    assert home.deliver(sent) == [202]
    until(lambda: home.roles("user_whole") == ["LEARNER"])
    assert values(home.engine, AUDIT, "user_whole") == ["role.assigned", "user.created"]
    assert home.value("select status from webhook_events where svix_id = %s", sent.svix_id) == "applied"


def test_a_deletion_ends_the_role(home: Town) -> None:
    home.deliver(home.clerk.created("user_gone", email=None), home.clerk.deleted("user_gone", at=9))
    until(lambda: "user.deleted" in values(home.engine, AUDIT, "user_gone"))
    assert home.roles("user_gone") == []


@pytest.mark.recovery
def test_invariant_2_a_worker_killed_in_the_middle_of_a_set_leaves_every_effect_once(
    home: Town, servers: Servers
) -> None:
    home.deliver(home.clerk.created("user_held", email=None))
    until(lambda: home.roles("user_held"))
    home.kill("worker")
    set_of = [home.clerk.created(f"user_set_{number}", email=None) for number in range(30)]
    ban = home.clerk.updated("user_held", at=5, email=None, banned=True)
    svix_ids = keep(home.engine, home.clerk, *set_of, ban)
    with holding(home.engine, "select 1 from users where clerk_id = 'user_held' for update"):
        Queue(servers.redis_url, set_size=200).put(svix_ids)
        home.start("worker")
        until(lambda: home.value(WORKER_WAITS))
        home.kill("worker")
        until(lambda: not home.value(WORKER_WAITS))
        assert (
            home.value(
                "select count(*) from webhook_events where applied_at is not null and svix_id = any(%s)", svix_ids
            )
            == 0
        )
    home.start("worker")
    until(home.settled)
    assert values(home.engine, AUDIT, "user_held") == ["role.assigned", "user.banned", "user.created"]
    lines = values(home.engine, "select action from audit_log where clerk_user_id like 'user_set_%%'")
    assert Counter(lines) == {"user.created": 30, "role.assigned": 30}


def test_a_message_of_the_calendar_that_comes_late_or_by_another_clock_still_has_force(
    home: Town, servers: Servers
) -> None:
    options = started_with("beat_schedule", SWEEP_SECONDS="1")["beat_schedule"]["sweep"]["options"]
    home.kill("beat")
    keep(home.engine, home.clerk, home.clerk.created("user_late", email=None))
    change(home.engine, "update webhook_events set next_attempt_at = now() where status = 'received'")
    ten_seconds_ago = datetime.now(UTC) - timedelta(seconds=10)
    expires = ten_seconds_ago + timedelta(seconds=options.pop("expires"))
    publisher = broker.publisher(servers.redis_url)
    publisher.send_task(broker.SWEEP, expires=expires, **options)
    publisher.close()
    until(home.settled)
    assert home.roles("user_late") == ["LEARNER"]


@pytest.mark.recovery
def test_invariant_4_losing_all_of_redis_loses_nothing_but_seconds(home: Town, queue: redis.Redis) -> None:
    home.kill("worker")
    waiting = [home.clerk.created(f"user_lost_{number}", email=None) for number in range(20)]
    home.deliver(*waiting)
    until(lambda: queue.llen(EVENTS))
    queue.flushall()
    home.start("worker")
    until(home.settled)
    assert home.roles("user_lost_19") == ["LEARNER"]


def test_nudges_arrive_again_after_redis_was_emptied(home: Town, queue: redis.Redis) -> None:
    home.deliver(home.clerk.created("user_before", email=None))
    until(home.settled)
    queue.flushall()
    sent = home.clerk.created("user_after", email=None)
    home.deliver(sent)
    until(home.settled)
    assert home.value(PROMPTLY, sent.svix_id) is True


@pytest.mark.recovery
def test_invariant_1_a_receiver_killed_in_the_middle_of_a_commit_acknowledged_nothing_that_is_not_in_the_table(
    home: Town, database: Database
) -> None:
    load = Load(f"{home.url}/webhooks/clerk", home.clerk)
    until(lambda: len(load.accepted) > 200)
    with psycopg.connect(database.superuser_url) as table:
        table.execute("lock table webhook_events in exclusive mode")
        until(lambda: home.value(RECEIVER_WAITS))
        home.kill("web")
        table.execute(END_RECEIVER)
        until(lambda: not home.value(RECEIVER_WAITS))
    load.wait()
    assert set(load.accepted) <= set(values(home.engine, "select svix_id from webhook_events"))
    home.start("web")
    until(home.settled)


def calendars(home: Town) -> int:
    """How many calendars have started so far."""
    return [line["event"] for line in home.lines()].count("beat.started")


def test_two_calendars_at_once_write_down_each_end_once(home: Town) -> None:
    (second,) = [process for process in home.processes() if process.name == "beat"]
    home.deliver(home.clerk.created("user_timed", email=None))
    until(lambda: home.roles("user_timed"))
    before = calendars(home)
    home.launch(second)
    try:
        until(lambda: calendars(home) > before)
        with as_owner(home.engine) as connection:
            connection.exec_driver_sql(
                """
                insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by)
                select id, 'MENTOR', now() - make_interval(days => day + 1), now() - make_interval(days => day), 'test'
                from users, generate_series(0, 49) as day where clerk_id = 'user_timed'
                """
            )
        until(lambda: home.roles("user_timed") == ["LEARNER"])
    finally:
        second.end()
    assert values(home.engine, AUDIT, "user_timed").count("role.expired") == 50


def test_no_log_of_all_this_holds_anything_of_a_person_or_a_secret(home: Town, database: Database) -> None:
    person = home.clerk.created("user_quiet", email="quiet@example.com", first_name="Augustina")
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("alter table users add constraint refused check (first_name <> 'Augustina')")
        home.deliver(person, Clerk().created(), home.clerk.send(b"no JSON of Augustina"))
        until(lambda: {"event.postponed", "delivery.refused"} <= {line["event"] for line in home.lines()})
        owner.execute("alter table users drop constraint refused")
    text = home.text()
    assert [word for word in (*PRIVATE, *home.clerk.secrets, person.headers["svix-signature"]) if word in text] == []
    assert {line["process"] for line in home.lines()} == {"receiver", "worker", "beat"}


@pytest.mark.recovery
def test_a_set_whose_worker_process_was_killed_comes_apart_and_is_applied(home: Town, servers: Servers) -> None:
    home.deliver(home.clerk.created("user_heavy", email=None))
    until(lambda: home.roles("user_heavy"))
    ban = home.clerk.updated("user_heavy", at=5, email=None, banned=True)
    svix_ids = keep(home.engine, home.clerk, home.clerk.created("user_light", email=None), ban)
    with holding(home.engine, "select 1 from users where clerk_id = 'user_heavy' for update"):
        Queue(servers.redis_url, set_size=200).put(svix_ids)
        until(lambda: home.value(WORKER_WAITS))
        home.kill_hands()
        until(lambda: "set.redelivered" in home.text())
    until(home.settled)
    assert home.roles("user_light") == ["LEARNER"]
    assert values(home.engine, AUDIT, "user_heavy") == ["role.assigned", "user.banned", "user.created"]
