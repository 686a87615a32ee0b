"""Fixtures for the tests of commands, with a receiver of their own."""

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
from dev import local_servers, ports, probes, procfile
from dev.embedded.servers import Servers
from dev.processes import Processes
from tests.servers import Database, copy_of


@dataclass(frozen=True)
class Receiver:
    """A running receiver with its signing secret and its database."""

    url: str
    secret: str
    database_url: str

    def events(self) -> dict[str, tuple[str, bytes]]:
        """Status and body of every stored event, by svix id."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute("select svix_id, status, body from webhook_events")
            return {svix_id: (status, body) for svix_id, status, body in rows}


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory for servers: pytest makes its own inaccessible to other users when another run starts."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as made:
        yield Path(made)


@pytest.fixture
def mark(directory: Path) -> str:
    """A mark for the processes of a test, which is also the name of a directory for its files."""
    made = uuid.uuid4().hex
    (directory / made).mkdir()
    return made


@pytest.fixture(scope="module")
def receiver(servers: Servers, template: str) -> Iterator[Receiver]:
    with copy_of(servers, template) as database:
        yield from _receiver(database.app_url, servers.redis_url)


def _receiver(database_url: str, redis_url: str) -> Iterator[Receiver]:
    secret, port = local_servers.new_secret(), ports.free_port()
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
        yield Receiver(f"http://127.0.0.1:{port}/webhooks/clerk", secret, database_url)


@pytest.fixture
def akako(database: Database) -> Any:
    """Runs the command with the test's database."""

    def run(*words: str, given: str | bytes = "", **environment: str) -> Result:
        return CliRunner(env={"DATABASE_URL": database.app_url, **environment}).invoke(main, words, input=given)

    return run
