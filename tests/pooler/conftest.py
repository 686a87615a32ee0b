"""The test's database, reached through a pooler in transaction mode."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ops.embedded.servers import Servers
from tests.pooler.pgbouncer import pgbouncer, program
from tests.servers import Database


@dataclass(frozen=True)
class Pooled:
    """A database as clients of the pooler reach it; the URLs of `direct` lead to PostgreSQL itself."""

    direct: Database
    port: int

    @property
    def app_url(self) -> str:
        return self._through(self.direct.app_url)

    @property
    def owner_url(self) -> str:
        return self._through(self.direct.owner_url)

    def _through(self, url: str) -> str:
        parts = urlsplit(url)
        return f"postgresql://{parts.username}@127.0.0.1:{self.port}{parts.path}"


@pytest.fixture(scope="session")
def port(servers: Servers) -> Iterator[int]:
    """The port of a PgBouncer before the servers of this test process."""
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
