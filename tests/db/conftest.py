"""Tests in this directory run on both versions of PostgreSQL that are available as packages."""

from collections.abc import Iterator

import psycopg
import pytest

from dev.embedded.servers import Servers
from tests.servers import Database, running

VERSIONS = (
    pytest.param(18, id="PostgreSQL 18"),
    pytest.param(16, id="PostgreSQL 16", marks=pytest.mark.postgres16),
)


@pytest.fixture(scope="session", params=VERSIONS)
def servers(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Servers]:
    """The shared servers, then servers with an older PostgreSQL."""
    if request.param == 18:
        yield servers
    else:
        with running(request.param) as older:
            yield older


@pytest.fixture
def app(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the role of the application, in autocommit mode."""
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables, in autocommit mode."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    """A connection as a superuser, in autocommit mode."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection
