"""Readers of final lines miss none, although transactions do not commit in the order of line ids."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import Engine

from akako_guard.database import faults
from akako_guard.database.engine import connect
from db import audit, commit_order
from db.audit import AuditFilter
from roles.final_order import FinalOrder
from tests.servers import Database, demoted

INSERT = "insert into audit_log (action, actor) values ('test', %s) returning id"
WRITERS = 6
SECONDS = 4.0
Reader = Callable[[Engine, int], tuple[list[int], int]]


def line(connection: psycopg.Connection, actor: str = "tests") -> int:
    row = connection.execute(INSERT, (actor,)).fetchone()
    assert row
    return int(row[0])


def write(url: str, seed: int, until: float) -> None:
    """Run transactions of any length with savepoints and rollbacks, some of which pause while open."""
    chance = random.Random(seed)
    with psycopg.connect(url) as connection:
        while time.time() < until:
            for _ in range(chance.choice((1, 1, 2, 5, 40))):
                line(connection, f"writer {seed}")
                if chance.random() < 0.1:
                    time.sleep(chance.random() * 0.05)
                if chance.random() < 0.1:
                    with connection.transaction(force_rollback=True):
                        line(connection, "rolled back")
            if chance.random() < 0.15:
                connection.rollback()
            else:
                connection.commit()


def follow(database: Database, read: Reader) -> tuple[list[int], list[int]]:
    """The ids that a reader got while six writers wrote, and those that exist in the end."""
    until = time.time() + SECONDS
    engine = connect(database.app_url, "reader")
    seen: list[int] = []
    position = 0
    with ThreadPoolExecutor(WRITERS) as threads:
        writers = [threads.submit(write, database.superuser_url, seed, until) for seed in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            ids, position = read(engine, position)
            seen += ids
    for writer in writers:
        writer.result()
    ids, position = read(engine, position)
    seen += ids
    with engine.begin() as connection:
        present = list(connection.exec_driver_sql("select id from audit_log order by id").scalars())
    engine.dispose()
    return seen, present


def test_a_reader_of_final_lines_gets_every_line_once_and_in_order(database: Database) -> None:
    order: list[FinalOrder] = []

    def read(engine: Engine, position: int) -> tuple[list[int], int]:
        order[:] = order or [FinalOrder(engine, seconds=5)]
        last = order[0].position().position
        with engine.begin() as connection:
            found = audit.following(connection, AuditFilter(), 1_000_000, position, last)
        return [each.id for each in found], last

    seen, present = follow(database, read)

    assert len(present) > 1_000
    assert seen == present


def test_a_reader_of_the_newest_lines_misses_some(database: Database) -> None:
    """Shows that these writers reveal a reader that trusts the newest id."""

    def read(engine: Engine, position: int) -> tuple[list[int], int]:
        with engine.begin() as connection:
            found = audit.following(connection, AuditFilter(), 1_000_000, position, 2**62)
        ids = [each.id for each in found]
        return ids, max([position, *ids])

    seen, present = follow(database, read)

    assert len(seen) < len(present)


def test_a_line_is_not_final_while_a_transaction_with_a_lower_id_is_open(database: Database, engine: Engine) -> None:
    order = FinalOrder(engine, seconds=0.1)
    with psycopg.connect(database.superuser_url) as slow, psycopg.connect(database.superuser_url) as quick:
        final = line(quick)
        quick.commit()
        assert order.position().position == final
        pid = slow.info.backend_pid
        lower = line(slow)
        higher = line(quick)
        quick.commit()

        waiting = order.position()
        slow.commit()
        settled = order.position()

    assert lower < higher
    assert (waiting.position, [each.pid for each in waiting.open_writers]) == (final, [pid])
    assert (settled.position, settled.open_writers) == (higher, frozenset())


def test_a_transaction_that_starts_later_does_not_delay_a_position(database: Database, engine: Engine) -> None:
    order = FinalOrder(engine, seconds=0.1)
    with psycopg.connect(database.superuser_url) as first, psycopg.connect(database.superuser_url) as second:
        line(first)
        order.position()
        newest = line(second)
        first.commit()
        found = order.position()
        second.commit()

    assert found.position < newest
    assert order.position().position == newest


def test_readers_do_not_block_writers(database: Database, engine: Engine) -> None:
    with engine.begin() as connection, psycopg.connect(database.superuser_url) as writer:
        commit_order.newest(connection)
        commit_order.writers(connection)
        writer.execute("set lock_timeout = '100ms'")
        line(writer)
        writer.commit()


def test_the_application_sees_the_writers_of_every_role(database: Database, engine: Engine) -> None:
    for url in (database.superuser_url, database.owner_url, database.app_url):
        with psycopg.connect(url) as writer:
            writer.execute("insert into users (clerk_id, clerk_updated_at) values ('user_ada', now())")
            with engine.begin() as connection:
                found = commit_order.writers(connection)
            assert [each.pid for each in found] == [writer.info.backend_pid]
            writer.rollback()


def test_a_standby_is_rejected(database: Database) -> None:
    with demoted(database):
        engine = connect(database.app_url, "test")
        with pytest.raises(faults.NotPrimary), engine.begin() as connection:
            commit_order.newest(connection)
        engine.dispose()
