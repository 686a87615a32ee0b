"""Receivers for tests: a shared one, and separate ones with their own settings."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from dev.embedded.servers import Servers
from tests.clerk_sender import Clerk
from tests.servers import Database, copy_of
from tests.webhooks.receiver_process import ReceiverProcess, running_receiver


class StartReceiver(Protocol):
    """Starts a receiver with these settings."""

    def __call__(
        self, *, database_url: str = ..., redis_url: str = ..., **settings: object
    ) -> AbstractContextManager[ReceiverProcess]: ...


@dataclass(frozen=True)
class Shared:
    """A running receiver, with its database and the fake Clerk whose deliveries it accepts."""

    receiver: ReceiverProcess
    database: Database
    clerk: Clerk

    def empty(self) -> None:
        """Delete the events of the previous test."""
        with psycopg.connect(self.database.superuser_url) as connection:
            connection.execute("truncate webhook_events")


@pytest.fixture(scope="session")
def shared(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A receiver with default settings, for all tests that do not change its process, settings or tables."""
    clerk, directory = Clerk(), tmp_path_factory.mktemp("shared")
    with (
        copy_of(servers, template) as database,
        running_receiver(directory, clerk, database_url=database.app_url, redis_url=servers.redis_url) as receiver,
    ):
        yield Shared(receiver, database, clerk)


@pytest.fixture
def receiver(shared: Shared, redis_url: str) -> ReceiverProcess:
    """The shared receiver, with empty tables and log; it also determines `database` and `clerk`."""
    shared.empty()
    return replace(shared.receiver, logged_before=shared.receiver.log.stat().st_size)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """The shared receiver's database if the test uses `receiver`, otherwise a database for this test only."""
    if "receiver" in request.fixturenames:
        shared: Shared = request.getfixturevalue("shared")
        return shared.database
    own: Database = request.getfixturevalue("own_database")
    return own


@pytest.fixture
def own_database(servers: Servers, template: str) -> Iterator[Database]:
    """A migrated database for this test only."""
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture
def clerk(request: pytest.FixtureRequest) -> Clerk:
    """The shared receiver's Clerk if the test uses `receiver`, otherwise a Clerk with its own signing secret."""
    if "receiver" in request.fixturenames:
        shared: Shared = request.getfixturevalue("shared")
        return shared.clerk
    return Clerk()


@pytest.fixture
def start_receiver(database: Database, redis_url: str, clerk: Clerk, tmp_path: Path) -> StartReceiver:
    """Starts a receiver on the test's database, optionally with other settings."""

    def start(
        *, database_url: str = database.app_url, redis_url: str = redis_url, **settings: object
    ) -> AbstractContextManager[ReceiverProcess]:
        return running_receiver(tmp_path, clerk, database_url=database_url, redis_url=redis_url, **settings)

    return start
