"""What every test may ask for: real servers, a fresh database, a fresh Redis."""

import os
import sys
from collections.abc import Iterator

import pytest
import redis
from hypothesis import settings
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from dev.embedded.servers import Servers
from tests.clerk_sender import Clerk
from tests.examples import examples
from tests.servers import Database, copy_of, make_template, running

# A shared machine stalls now and then; where CI is set, hypothesis tries the same examples each time by itself.
settings.register_profile("akako", parent=settings.default, deadline=None, max_examples=examples(100))
settings.load_profile("akako")

# Where modules may not be kept as bytecode, each process that a test starts would compile them again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis of this test process's own."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    return make_template(servers)


@pytest.fixture
def database(servers: Servers, template: str) -> Iterator[Database]:
    """A migrated database that only this test sees."""
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The application role's connections to the test's database."""
    pool = connect(database.app_url, "test", connections=8)
    yield pool
    pool.dispose()


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The test process's Redis, emptied."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    return servers.redis_url


@pytest.fixture
def clerk() -> Clerk:
    """A Clerk with a signing secret of its own."""
    return Clerk()
