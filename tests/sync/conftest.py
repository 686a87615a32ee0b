"""What the tests of the worker ask for: the owner's hand in their database, and one word for "keep and apply"."""

from collections.abc import Callable, Iterator

import pytest
import redis
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from config.redis_url import RedisAddress
from sync.apply import Applied
from sync.enqueue import Queue
from tests import ledger
from tests.clerk_sender import Clerk, Sent
from tests.servers import Database

Apply = Callable[..., Applied]


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    """Connections of the role that owns the tables."""
    pool = connect(database.owner_url, "test")
    yield pool
    pool.dispose()


@pytest.fixture
def apply(engine: Engine, clerk: Clerk) -> Apply:
    """Keeps deliveries and applies them as one set."""

    def keep_and_apply(*sent: Sent) -> Applied:
        return ledger.apply(engine, clerk, *sent)

    return keep_and_apply


@pytest.fixture
def queue(redis_url: str) -> Iterator[Queue]:
    """The queue of events, empty; three ids a message."""
    made = Queue(RedisAddress(redis_url), set_size=3)
    yield made
    made.close()


@pytest.fixture
def raw(redis_url: str) -> Iterator[redis.Redis]:
    """Redis itself."""
    with redis.Redis.from_url(redis_url) as client:
        yield client
