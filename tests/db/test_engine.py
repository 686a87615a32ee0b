from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InternalError

from db import events, faults
from db.engine import connect
from tests.clerk_says import Clerk
from tests.ledger import keep
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
            connection.exec_driver_sql("update users set first_name = null where false")
    except InternalError:
        return False
    return True


def test_a_connection_to_what_was_the_primary_is_left_for_a_new_one(database: Database, kept: Engine) -> None:
    assert takes_writes(kept)
    with demoted(database, in_favour_of_new_connections=True):
        until(lambda: not takes_writes(kept))
        assert takes_writes(kept)


def test_who_says_nothing_in_a_transaction_loses_what_it_holds_to_others(
    database: Database, engine: Engine, clerk: Clerk
) -> None:
    (svix_id,) = keep(engine, clerk, clerk.created())
    silent = connect(database.app_url, "silent", idle_seconds=0.2)

    def claimed_by_another() -> bool:
        with engine.begin() as other:
            return bool(events.claim(other, [svix_id]))

    with silent.connect() as connection:
        assert events.claim(connection, [svix_id])
        assert not claimed_by_another()
        until(claimed_by_another)
        with pytest.raises(DBAPIError) as raised:
            events.claim(connection, [svix_id])
    assert faults.is_away(raised.value)
    silent.dispose()
