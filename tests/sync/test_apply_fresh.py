"""The first minutes of a database: a worker's statements and triggers keep plans that were made for empty tables."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from akako_guard.role import Role
from db import users
from sync.apply import apply
from tests.clerk_sender import Clerk
from tests.ledger import keep
from tests.servers import Database

SETS, SIZE = 12, 50
READ = "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'users'"
NOW = "select pg_stat_force_next_flush()"
UNTIL_A_PLAN_IS_KEPT = 8


def read(worker: Engine) -> int:
    """How many rows of users were read, from end to end or through an index. Ends no transaction by a rollback, after
    which psycopg forgets what it prepared.
    """
    with worker.begin() as connection:
        connection.exec_driver_sql(NOW)
    with worker.begin() as connection:
        return int(connection.exec_driver_sql(READ).scalar_one())


@pytest.fixture
def worker(database: Database) -> Iterator[Engine]:
    """The connection of a worker process."""
    pool = connect(database.app_url, "test", connections=1, looks_up=True)
    yield pool
    pool.dispose()


def test_a_set_costs_the_same_however_many_users_came_since_the_worker_began(
    engine: Engine, worker: Engine, clerk: Clerk
) -> None:
    with worker.begin() as connection:
        for _ in range(UNTIL_A_PLAN_IS_KEPT):
            assert users.lock(connection, ["user_none"], ["none@example.com"]) == []
    costs = []
    for turn in range(SETS):
        names = [f"user_{turn}_{number}" for number in range(SIZE)]
        ids = keep(engine, clerk, *(clerk.created(name, email=f"{name}@example.com", at=0) for name in names))
        before = read(worker)
        assert apply(worker, ids, Role.LEARNER).applied == SIZE
        costs.append(read(worker) - before)
    assert costs[-1] <= costs[1] + SIZE
