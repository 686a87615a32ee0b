import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from akako_guard.database.engine import connect
from config.settings import BrokerSettings
from health import readiness
from health.heartbeat import Heartbeat
from tests.ledger import change
from tests.servers import Database
from tests.webhooks.test_queue_unavailable import silent

NOWHERE = "postgresql://akako:a-secret@db.internal.example:1/akako"
HEALTHY = {"database": "healthy", "migrations": "healthy", "broker": "healthy", "worker": "healthy", "beat": "healthy"}
UNSEEN = "unknown, since the database is unavailable"


@contextmanager
def client(database_url: str, redis_url: str) -> Iterator[TestClient]:
    """A client of a process with these servers."""
    settings = BrokerSettings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url))
    app = Starlette(routes=[Route("/readyz", readiness.build(settings).answer)])
    with TestClient(app) as made:
        yield made


def asked(database_url: str, redis_url: str) -> tuple[int, dict[str, Any]]:
    with client(database_url, redis_url) as asking:
        answer = asking.get("/readyz")
    return answer.status_code, answer.json()["parts"]


@pytest.fixture
def moving(database: Database) -> str:
    """A database in which worker and calendar have just moved."""
    for part in ("worker", "beat"):
        heartbeat = Heartbeat(database.app_url, part)
        heartbeat.beat(0)
        heartbeat.close()
    return database.app_url


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    pool = connect(database.owner_url, "test")
    yield pool
    pool.dispose()


def test_everything_is_there(moving: str, redis_url: str) -> None:
    assert asked(moving, redis_url) == (200, HEALTHY)


def test_a_part_that_was_never_seen_is_named(database: Database, redis_url: str) -> None:
    assert asked(database.app_url, redis_url) == (503, HEALTHY | {"worker": "never seen", "beat": "never seen"})


def test_a_part_that_lives_and_does_not_move_is_told_from_one_that_is_gone(
    moving: str, redis_url: str, engine: Engine
) -> None:
    change(engine, "update heartbeats set moved_at = now() - interval '70 s'")
    change(engine, "update heartbeats set seen_at = now() - interval '60 s' where part = 'beat'")
    _, said = asked(moving, redis_url)
    seconds = re.compile(r"7\d s$")
    assert seconds.sub("", said["worker"]) == "runs, but no progress for "
    assert seconds.sub("", said["beat"]) == "no progress for "


def test_a_redis_that_is_silent_is_named_soon(moving: str) -> None:
    begun = time.monotonic()
    with silent() as url:
        assert asked(moving, url) == (503, HEALTHY | {"broker": "does not answer"})
    assert time.monotonic() - begun < 5


def test_a_database_that_is_away_is_named_and_neither_its_host_nor_its_password(redis_url: str) -> None:
    status, said = asked(NOWHERE, redis_url)
    assert (status, said["database"]) == (503, "does not answer")
    assert said["migrations"] == said["worker"] == said["beat"] == UNSEEN
    assert [word for word in ("a-secret", "internal", "akako") if word in str(said)] == []


def test_migrations_that_are_missing_are_counted(moving: str, redis_url: str, owner: Engine) -> None:
    change(owner, "update alembic_version set version_num = '0004'")
    status, said = asked(moving, redis_url)
    assert (status, said["database"]) == (503, "healthy")
    assert said["migrations"].endswith(" missing")


def test_tables_of_another_version_are_said_to_want_a_migration(moving: str, redis_url: str, owner: Engine) -> None:
    change(owner, "drop table heartbeats")
    _, said = asked(moving, redis_url)
    assert (said["database"], said["migrations"]) == ("healthy", "the schema is of another version")


def test_a_database_that_is_ahead_is_ready_so_that_old_processes_serve_until_they_are_replaced(
    moving: str, redis_url: str, owner: Engine
) -> None:
    change(owner, "update alembic_version set version_num = '9999'")
    assert asked(moving, redis_url) == (200, HEALTHY)


def test_however_many_ask_one_looks(moving: str, redis_url: str, engine: Engine) -> None:
    with client(moving, redis_url) as asking:
        assert asking.get("/readyz").status_code == 200
        change(engine, "update heartbeats set moved_at = now() - interval '1 hour'")
        assert asking.get("/readyz").status_code == 200


def test_a_role_that_may_create_in_the_schema_is_named_with_the_remedy(
    moving: str, redis_url: str, owner: Engine
) -> None:
    change(owner, "grant create on schema akako to public")
    status, said = asked(moving, redis_url)
    assert (status, said["database"]) == (503, "healthy")
    assert "revoke create on schema akako from PUBLIC" in said["migrations"]
    change(owner, "revoke create on schema akako from public")
    assert asked(moving, redis_url) == (200, HEALTHY)
