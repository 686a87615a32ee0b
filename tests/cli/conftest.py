"""A receiver of its own for the tests that deliver to one."""

import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from cli.main import main
from dev import local_servers, probes, procfile
from dev.embedded.servers import Servers
from dev.processes import Processes
from tests.servers import Database, copy_of


@dataclass(frozen=True)
class Door:
    """A running receiver, what opens it, and the database behind it."""

    url: str
    secret: str
    database_url: str

    def kept(self) -> dict[str, tuple[str, bytes]]:
        """Status and body of every event that was kept, by svix id."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute("select svix_id, status, body from webhook_events")
            return {svix_id: (status, body) for svix_id, status, body in rows}


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory for servers: pytest closes its own to other users whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as made:
        yield Path(made)


@pytest.fixture
def mark(directory: Path) -> str:
    """The mark of what a test starts: the name of a directory in which it may keep its files."""
    made = uuid.uuid4().hex
    (directory / made).mkdir()
    return made


@pytest.fixture(scope="module")
def door(servers: Servers, template: str) -> Iterator[Door]:
    with copy_of(servers, template) as database:
        yield from _receiver(database.app_url, servers.redis_url)


def _receiver(database_url: str, redis_url: str) -> Iterator[Door]:
    secret, port = local_servers.new_secret(), local_servers.free_port()
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": secret,
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    web = [process for process in procfile.processes(environment) if process.name == "web"]
    with Processes(web, lambda process: process.start(subprocess.DEVNULL)) as running:
        assert probes.wait(running, probes.url("127.0.0.1", port))
        yield Door(f"http://127.0.0.1:{port}/webhooks/clerk", secret, database_url)


@pytest.fixture
def akako(database: Database) -> Any:
    """The command, on the test's database."""

    def run(*words: str, given: str | bytes = "", **environment: str) -> Result:
        return CliRunner(env={"DATABASE_URL": database.app_url, **environment}).invoke(main, words, input=given)

    return run
