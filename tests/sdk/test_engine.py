import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from akako_guard.database import driver, faults
from akako_guard.database.engine import connect
from db import events
from dev.embedded.postgres import QUICK, Postgres
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.ledger import keep, values
from tests.servers import Database, demoted


@pytest.fixture
def kept(database: Database) -> Iterator[Engine]:
    """A pool with one connection."""
    pool = connect(database.app_url, "kept", connections=1)
    yield pool
    pool.dispose()


@pytest.fixture
def several(database: Database) -> Iterator[Engine]:
    """A pool with three connections, all of which were used."""
    pool = connect(database.app_url, "several", connections=3)
    with pool.connect() as one, pool.connect() as two, pool.connect() as three:
        assert len({session(connection) for connection in (one, two, three)}) == 3
    yield pool
    pool.dispose()


def session(connection: Connection) -> int:
    """The process id of the session."""
    return int(connection.exec_driver_sql("select pg_backend_pid()").scalar_one())


def sessions(database: Database) -> int:
    """The number of other sessions in the database."""
    with psycopg.connect(database.superuser_url) as superuser:
        found = superuser.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        ).fetchone()
    assert found is not None
    return int(found[0])


def end_sessions(database: Database) -> None:
    """End every session in the database, as a restart of the server does."""
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def works(engine: Engine) -> bool:
    """Whether transactions can begin on all pooled connections at once. Raises the errors of SQLAlchemy."""
    with engine.begin() as one, engine.begin() as two, engine.begin() as three:
        return all(session(connection) for connection in (one, two, three))


def test_the_first_transaction_after_the_sessions_were_ended_works(database: Database, several: Engine) -> None:
    end_sessions(database)
    assert works(several)


def test_the_first_transaction_after_an_idle_time_out_works(database: Database, engine: Engine) -> None:
    (name,) = values(engine, "select current_database()")
    engine.dispose()
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"alter role akako_app in database {name} set idle_session_timeout = '200ms'")
    pool = connect(database.app_url, "idle", connections=3)
    assert works(pool)
    until(lambda: sessions(database) == 0)
    assert works(pool)
    pool.dispose()


@pytest.mark.processes
def test_the_first_transaction_after_a_restart_of_the_server_works() -> None:
    with tempfile.TemporaryDirectory(prefix="akako-tests-") as directory:
        server = Postgres(Path(directory), options=QUICK)
        server.start()
        pool = connect(server.url("akako_app"), "restarted", connections=3)
        assert works(pool)
        for end in (server.stop, server.kill):
            end()
            server.start()
            assert works(pool)
        pool.dispose()
        server.kill()


def test_a_connection_with_unexpected_input_is_kept(database: Database, kept: Engine) -> None:
    with kept.begin() as connection:
        connection.exec_driver_sql("listen akako_test")
        before = session(connection)
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("notify akako_test")
    with kept.begin() as connection:
        assert session(connection) == before


@pytest.mark.parametrize(("query", "seconds"), [("", "2"), ("connect_timeout=7", "7")])
def test_the_url_can_set_the_connect_timeout(database: Database, query: str, seconds: str) -> None:
    pool = connect(f"{database.app_url}&{query}", "patient")
    with pool.connect() as connection:
        assert driver.of(connection).info.get_parameters()["connect_timeout"] == seconds
    pool.dispose()


@pytest.mark.parametrize(("query", "least", "most"), [("", 1.9, 30), ("&connect_timeout=4", 3.9, 30)])
def test_connecting_to_a_silent_server_times_out_as_set_in_the_url(query: str, least: float, most: float) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pool = connect(f"postgresql://akako@127.0.0.1:{port}/akako?sslmode=disable{query}", "patient")
        begun = time.monotonic()
        with pytest.raises(OperationalError):
            pool.connect()
    assert least < time.monotonic() - begun < most


def takes_writes(engine: Engine) -> bool:
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("update users set first_name = null where false")
    except InternalError:
        return False
    return True


def test_a_connection_to_a_demoted_primary_is_replaced(database: Database, kept: Engine) -> None:
    assert takes_writes(kept)
    with demoted(database, in_favour_of_new_connections=True):
        until(lambda: not takes_writes(kept))
        assert takes_writes(kept)


def test_an_idle_transaction_loses_its_locks_after_the_timeout(
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
    assert faults.is_unavailable(raised.value)
    silent.dispose()
