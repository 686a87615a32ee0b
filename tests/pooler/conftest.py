"""Fixtures for a test's database behind a pooler in transaction mode."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.embedded.servers import Servers
from tests.pooler.pgbouncer import Pooled, pgbouncer, program
from tests.servers import Database


@pytest.fixture(scope="session")
def port(servers: Servers) -> Iterator[int]:
    """The port of a PgBouncer in front of this test process's PostgreSQL."""
    program()
    sockets = servers.postgres.superuser_url.partition("host=")[2]
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory:
        Path(directory).chmod(0o755)
        with pgbouncer(sockets, Path(directory)) as listening:
            yield listening


@pytest.fixture
def pooled(database: Database, port: int) -> Pooled:
    """The test's database through PgBouncer."""
    return Pooled(database, port)
