from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import InternalError

from db.engine import connect
from tests.ops.groups import until
from tests.servers import Database, demoted


@pytest.fixture
def kept(database: Database) -> Iterator[Engine]:
    """A pool that keeps its one connection."""
    pool = connect(database.app_url, "kept", connections=1)
    yield pool
    pool.dispose()


def takes_writes(engine: Engine) -> bool:
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("update users set updated_at = now() where false")
    except InternalError:
        return False
    return True


def test_a_connection_to_what_was_the_primary_is_left_for_a_new_one(database: Database, kept: Engine) -> None:
    assert takes_writes(kept)
    with demoted(database, in_favour_of_new_connections=True):
        until(lambda: not takes_writes(kept))
        assert takes_writes(kept)
