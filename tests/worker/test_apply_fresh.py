"""The first minutes of a database: a worker's statements and triggers keep plans that were made for empty tables."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from config.role import Role
from db.engine import connect
from tests.clerk_says import Clerk
from tests.ledger import keep
from tests.servers import Database
from worker.apply import apply

SETS, SIZE = 12, 50
READ_FROM_END_TO_END = "select seq_tup_read from pg_stat_user_tables where relname = 'users'"
NOW = "select pg_stat_force_next_flush()"


def read(connection: Connection) -> int:
    connection.exec_driver_sql(NOW)
    connection.commit()
    return int(connection.exec_driver_sql(READ_FROM_END_TO_END).scalar_one())


@pytest.fixture
def worker(database: Database) -> Iterator[Engine]:
    """The connection of a worker process."""
    pool = connect(database.app_url, "test", connections=1, looks_up=True)
    yield pool
    pool.dispose()


def test_a_set_costs_the_same_however_many_users_came_since_the_worker_began(
    engine: Engine, worker: Engine, clerk: Clerk
) -> None:
    sets = [
        keep(engine, clerk, *(clerk.created(f"user_{turn}_{number}", at=0) for number in range(SIZE)))
        for turn in range(SETS)
    ]
    half = SETS // 2
    for ids in sets[:half]:
        assert apply(worker, ids, Role.LEARNER).applied == SIZE
    with worker.connect() as connection:
        before = read(connection)
    for ids in sets[half:]:
        assert apply(worker, ids, Role.LEARNER).applied == SIZE
    with worker.connect() as connection:
        assert read(connection) == before
