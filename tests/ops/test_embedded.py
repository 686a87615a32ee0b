"""The embedded servers, which every other test stands on."""

from pathlib import Path

import psycopg
import pytest
import redis

from ops.embedded.postgres import QUICK, Postgres
from ops.embedded.redis import DURABLE, Redis
from tests.servers import Database

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("version", [16, 18])
def test_postgresql_keeps_what_was_committed_when_it_is_killed(directory: Path, version: int) -> None:
    server = Postgres(directory, version=version, options=QUICK)
    server.start()
    try:
        with psycopg.connect(server.url("akako_owner")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        server.kill()
        server.start()
        with psycopg.connect(server.url("akako_owner")) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    finally:
        server.stop()


def test_redis_keeps_its_port_and_what_it_was_told(directory: Path) -> None:
    server = Redis(directory, options={**DURABLE, "appendfsync": "always"})
    server.start()
    try:
        with redis.Redis.from_url(server.url(), decode_responses=True) as client:
            client.set("kept", "yes")
            server.kill()
            server.start()
            assert client.get("kept") == "yes"
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_is_no_obstacle(directory: Path) -> None:
    server = Postgres(directory / ("long" * 30), options=QUICK)
    (directory / ("long" * 30)).mkdir()
    server.start()
    try:
        psycopg.connect(server.url("akako_app")).close()
    finally:
        server.stop()


def test_the_application_connects_as_a_role_that_owns_nothing(database: Database) -> None:
    with psycopg.connect(database.app_url) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone()
    assert owned == (0,)
