import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from db import events, faults
from db.engine import connect
from tests.clerk_says import Clerk
from tests.ledger import keep
from tests.ops.groups import until
from tests.servers import Database


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
