"""The embedded servers."""

import errno
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import redis

from dev.embedded import account
from dev.embedded.postgres import QUICK, Postgres
from dev.embedded.redis import DURABLE, Redis
from tests.servers import Database

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("version", [16, 18])
def test_committed_data_survives_a_kill_of_postgresql(directory: Path, version: int) -> None:
    server = Postgres(directory, version=version, options=QUICK)
    server.start()
    try:
        with psycopg.connect(server.url("akako_owner")) as connection:
            connection.execute("CREATE TABLE stored AS SELECT 7 AS number")
        server.kill()
        server.start()
        with psycopg.connect(server.url("akako_owner")) as connection:
            assert connection.execute("SELECT number FROM stored").fetchone() == (7,)
    finally:
        server.stop()


def test_redis_keeps_port_and_data_after_a_kill(directory: Path) -> None:
    server = Redis(directory, options={**DURABLE, "appendfsync": "always"})
    server.start()
    try:
        with redis.Redis.from_url(server.url(), decode_responses=True) as client:
            client.set("stored", "yes")
            server.kill()
            server.start()
            assert client.get("stored") == "yes"
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_works(directory: Path) -> None:
    server = Postgres(directory / ("long" * 30), options=QUICK)
    (directory / ("long" * 30)).mkdir()
    server.start()
    try:
        psycopg.connect(server.url("akako_app")).close()
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_private_parent_directory_becomes_accessible_only_to_the_user_of_postgresql(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    directory.chmod(0o700)
    server = Postgres(closed / "data", options=QUICK)
    (closed / "data").mkdir()
    server.start()
    try:
        psycopg.connect(server.url("akako_app")).close()
    finally:
        server.stop()
    assert [path.stat().st_mode & 0o007 for path in (directory, closed)] == [0, 0]
    assert reaches(account.NAME, closed / "data")
    assert not reaches("daemon", closed / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_an_inaccessible_directory_is_reported_with_the_remedy(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    account.make()
    monkeypatch.setattr(os, "setxattr", refused)
    directory.chmod(0o700)
    with pytest.raises(RuntimeError, match=rf"chmod o\+x {directory}"):
        account.let_in(directory / "data")


def reaches(user: str, path: Path) -> bool:
    """Whether a user can access a path."""
    return subprocess.run(["/bin/ls", "-d", path], user=user, extra_groups=[], capture_output=True).returncode == 0


def test_the_application_connects_as_a_role_that_owns_nothing(database: Database) -> None:
    with psycopg.connect(database.app_url) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user").fetchone()
    assert owned == (0,)
