"""While Redis takes no messages a worker applies what is due itself, and no longer than that."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from config.settings import WorkerSettings
from db import leases
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import change, keep, statuses, values
from tests.proxy import proxy
from tests.servers import Database
from worker.direct import DirectApplier

DUE = "update webhook_events set next_attempt_at = now() - interval '1 minute'"
CONNECTIONS = "select count(*) from pg_stat_activity where application_name = 'akako worker direct'"
SET_BY = b"\r\n"
"""What every command has: to swallow it is to fall silent."""


@contextmanager
def full(redis_url: str) -> Iterator[str]:
    """A Redis that has no memory left, and refuses what would need more."""
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory", 1)
        try:
            yield redis_url
        finally:
            client.config_set("maxmemory", 0)


@contextmanager
def silent(redis_url: str) -> Iterator[str]:
    """A Redis that takes connections and does not answer."""
    with proxy(redis_url) as road:
        road.swallow(SET_BY)
        yield road.url


@contextmanager
def absent(_: str) -> Iterator[str]:
    """A Redis that is not there."""
    yield "redis://127.0.0.1:1/0"


@contextmanager
def applying(database_url: str, redis_url: str) -> Iterator[DirectApplier]:
    """A worker's thread, with three ids a set; stopped at the end."""
    settings = WorkerSettings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), apply_set_size=3)
    made = DirectApplier(settings, every=0.05, patience=0.1)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        made.join(10)


def due(engine: Engine, clerk: Clerk, count: int = 7) -> list[str]:
    """Keep events that should have been applied by now."""
    ids = keep(engine, clerk, *(clerk.created(f"user_{number}", email=None) for number in range(count)))
    change(engine, DUE)
    return ids


def held(engine: Engine) -> bool:
    with engine.connect() as connection:
        return leases.is_held(connection, leases.DIRECT_APPLY)


@pytest.mark.parametrize("unavailable", [full, silent, absent])
def test_invariant_4_what_is_due_is_applied_while_redis_takes_no_messages(
    database: Database,
    engine: Engine,
    clerk: Clerk,
    redis_url: str,
    unavailable: Callable[[str], AbstractContextManager[str]],
) -> None:
    due(engine, clerk)
    with unavailable(redis_url) as url, applying(database.app_url, url):
        until(lambda: statuses(engine) == {"applied": 7})
        assert held(engine)
    assert not held(engine)
    assert values(engine, "select count(*) from audit_log where action = 'user.created'") == [7]


def test_checks_of_an_unresponsive_redis_leave_most_of_the_time_for_applying(
    database: Database, engine: Engine, clerk: Clerk, redis_url: str
) -> None:
    due(engine, clerk, 90)  # thirty sets
    with proxy(redis_url) as road:
        road.swallow(SET_BY)
        with applying(database.app_url, road.url):
            until(lambda: statuses(engine) == {"applied": 90})
            assert road.connections <= 5  # one for each check, which ends after a second without an answer


def test_nothing_is_applied_past_the_queue_while_redis_takes_messages(
    database: Database, engine: Engine, clerk: Clerk, redis_url: str
) -> None:
    due(engine, clerk)
    with redis.Redis.from_url(redis_url) as client, applying(database.app_url, redis_url):
        looks = client.info("commandstats")["cmdstat_set"]["calls"] if client.exists("akako:probe") else 0
        until(lambda: client.info("commandstats").get("cmdstat_set", {"calls": 0})["calls"] > looks + 10)
    assert statuses(engine) == {"received": 7}
    assert values(engine, "select count(*) from leases") == [0]


def test_once_redis_takes_messages_again_lease_and_connection_are_given_back_and_the_log_says_so(
    database: Database, engine: Engine, clerk: Clerk, redis_url: str
) -> None:
    due(engine, clerk)
    with capture_logs() as said, applying(database.app_url, redis_url):
        with full(redis_url):
            until(lambda: statuses(engine) == {"applied": 7})
            assert values(engine, CONNECTIONS) == [1]
        until(lambda: not held(engine))
        until(lambda: values(engine, CONNECTIONS) == [0])
        due_later = keep(engine, clerk, clerk.created("user_later", email=None))
        change(engine, "update webhook_events set next_attempt_at = now() where svix_id = %s", due_later[0])
        until(lambda: any(line["event"] == "queue.available" for line in said))
    assert statuses(engine) == {"applied": 7, "received": 1}
    (unavailable,) = [line for line in said if line["event"] == "queue.unavailable"]
    assert unavailable["reason"] == "Redis is full (maxmemory)"
    assert "memory" in unavailable["next_step"]


def test_of_several_workers_one_applies_at_a_time(database: Database, engine: Engine, clerk: Clerk) -> None:
    with engine.begin() as connection:
        assert leases.take(connection, leases.DIRECT_APPLY, "another worker", 3)
    due(engine, clerk)
    with applying(database.app_url, "redis://127.0.0.1:1/0"):
        while held(engine) and statuses(engine) == {"received": 7}:
            time.sleep(0.02)
        assert values(engine, "select expires_at <= clock_timestamp() or holder <> 'another worker' from leases") == [
            True
        ]
        until(lambda: statuses(engine) == {"applied": 7})


def test_what_is_not_due_yet_is_left_to_the_queue(database: Database, engine: Engine, clerk: Clerk) -> None:
    keep(engine, clerk, clerk.created("user_fresh", email=None))
    change(engine, "update webhook_events set next_attempt_at = now() + interval '1 hour'")
    with applying(database.app_url, "redis://127.0.0.1:1/0"):
        until(lambda: held(engine))
    assert statuses(engine) == {"received": 1}


def test_a_database_that_is_away_too_is_waited_for() -> None:
    nowhere = "postgresql://akako@127.0.0.1:1/akako"
    with capture_logs() as said, applying(nowhere, "redis://127.0.0.1:1/0"):
        until(lambda: [line["event"] for line in said].count("database.unavailable") > 2)
