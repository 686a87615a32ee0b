"""Single connections behind PgBouncer in transaction mode."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.database import engine, faults, pooler
from akako_guard.database.engine import connect
from akako_guard.database.pooler import TransactionPooler
from akako_guard.lookup import Lookup
from akako_guard.role import Role
from cli.main import main
from db import vitals
from dev.embedded.servers import Servers
from tests import people
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.health.test_readiness import asked
from tests.ledger import apply, values
from tests.pooler.neighbour import neighbours
from tests.pooler.pgbouncer import Pooled, pgbouncer
from tests.sdk.lines import captured
from tests.sdk.test_lookup import ask

pytestmark = pytest.mark.pooler

SETTING = "select current_setting('{}')"


@pytest.fixture(params=["transaction", "none"])
def reach(pooled: Pooled, request: pytest.FixtureRequest) -> Iterator[Callable[..., Engine]]:
    """Creates engines that connect through the pooler, either configured for it or detecting it."""
    made: list[Engine] = []

    def connected(process: str = "test", **bounds: Any) -> Engine:
        made.append(connect(pooled.app_url, process, pooler=request.param, **bounds))
        return made[-1]

    yield connected
    for one in made:
        one.dispose()


def test_settings_apply_in_each_transaction_and_do_not_remain_in_sessions(
    pooled: Pooled, reach: Callable[..., Engine]
) -> None:
    worker = reach(statement_seconds=7, lock_seconds=3, idle_seconds=5, looks_up=True)
    for _ in range(3):
        with worker.begin() as connection:
            assert vitals.wrong_settings(connection) == []
            for name, value in {"statement_timeout": "7s", "lock_timeout": "3s", "enable_seqscan": "off"}.items():
                assert connection.exec_driver_sql(SETTING.format(name)).scalar_one() == value

    assert pooled.left_behind() == set()


def test_defaults_of_the_role_are_overridden(
    pooled: Pooled, reach: Callable[..., Engine], servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As if the owner may not alter roles: the role has none of the required settings."""
    with psycopg.connect(pooled.direct.superuser_url, autocommit=True) as superuser:
        name = superuser.info.dbname
        for setting in (
            "datestyle = 'German'",
            "timezone = 'Asia/Kathmandu'",
            "search_path = ''",
            "default_transaction_isolation = 'serializable'",
            "synchronous_commit = off",
        ):
            superuser.execute(f"alter role akako_app in database {name} set {setting}")
    through = reach()
    clerk = Clerk()

    assert apply(through, clerk, clerk.created("user_ada")).applied == 1
    with through.begin() as connection:
        assert vitals.wrong_settings(connection) == []
        for name, value in {"transaction_isolation": "read committed", "synchronous_commit": "on"}.items():
            assert connection.exec_driver_sql(SETTING.format(name)).scalar_one() == value


def test_a_statement_is_cancelled_after_its_timeout(reach: Callable[..., Engine]) -> None:
    impatient = reach(statement_seconds=0.2)
    with pytest.raises(DBAPIError) as raised, impatient.begin() as connection:
        connection.exec_driver_sql("select pg_sleep(60)")

    assert faults.is_busy(raised.value)


def test_the_guard_finds_the_right_user_while_other_clients_change_the_sessions(
    pooled: Pooled, reach: Callable[..., Engine], engine: Engine
) -> None:
    people.add(engine, "user_ada", Role.MENTOR)
    lookup = Lookup(reach("guard", connections=1, statement_seconds=30), seconds=30)
    with neighbours(pooled.app_url):
        found = [each for _ in range(100) for each in ask(lookup, "user_ada", "user_unknown")]
    lookup.close()

    assert [getattr(each, "clerk_id", each) for each in found] == ["user_ada", None] * 100


def test_a_connection_that_the_pooler_closed_is_replaced_before_it_is_used(
    database: Any, servers: Servers, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    sockets = servers.postgres.superuser_url.partition("host=")[2]
    with pgbouncer(sockets, tmp_path, {"client_idle_timeout": "1"}) as port:
        through = connect(Pooled(database, port).app_url, "test", pooler="transaction", connections=1)
        values(through, "select 1")
        pooled_connection = through.pool.connect().driver_connection
        assert pooled_connection is not None
        until(pooled_connection.is_closed_by_server)
        assert values(through, "select 1") == [1]
        through.dispose()


def test_a_pooler_is_detected_and_logged_once(pooled: Pooled) -> None:
    engine._advise_once.cache_clear()
    with captured() as logs:
        for _ in range(2):
            unaware = connect(pooled.app_url, "test")
            with unaware.connect() as connection:
                assert vitals.read(connection).pooler_found
            unaware.dispose()

    assert [line["event"] for line in logs] == ["database.pooler_found"]
    assert "DATABASE_POOLER=transaction" in logs[0]["next_step"]


def test_a_session_that_loses_its_settings_is_not_ready(
    database: Any, redis_url: str, servers: Servers, tmp_path: Path
) -> None:
    """As behind an undetected pooler: the second connection, which would detect it, is refused."""
    tmp_path.chmod(0o755)
    sockets = servers.postgres.superuser_url.partition("host=")[2]
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute(f"alter role akako_app in database {superuser.info.dbname} set intervalstyle = 'iso_8601'")
    forgetful = {"max_client_conn": "1", "server_reset_query_always": "1"}
    with pgbouncer(sockets, tmp_path, forgetful) as port:
        status, parts = asked(Pooled(database, port).app_url, redis_url)

    assert status == 503
    assert parts["database"].startswith("session settings have wrong values: ")
    assert "IntervalStyle" in parts["database"]


def test_a_configured_pooler_is_not_detected_again(pooled: Pooled) -> None:
    aware = connect(pooled.app_url, "test", pooler="transaction")
    with aware.connect() as connection:
        assert not vitals.read(connection).pooler_found
    aware.dispose()


@pytest.mark.parametrize("clients", [0, 3])
def test_a_pooler_is_detected_when_idle_and_when_busy(pooled: Pooled, clients: int) -> None:
    with neighbours(pooled.app_url, clients), pytest.raises(TransactionPooler):
        pooler.refuse(pooled.app_url)


def test_a_direct_connection_is_not_taken_for_a_pooler(pooled: Pooled) -> None:
    pooler.refuse(pooled.direct.app_url)


def test_a_pooler_in_session_mode_is_accepted(database: Any, servers: Servers, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    sockets = servers.postgres.superuser_url.partition("host=")[2]
    with pgbouncer(sockets, tmp_path, {"pool_mode": "session"}) as port:
        pooler.refuse(Pooled(database, port).app_url)


def test_a_parameter_that_the_pooler_refuses_is_reported(pooled: Pooled) -> None:
    through = connect(f"{pooled.app_url}?options=-c%20jit%3Doff", "test", pooler="transaction")
    with pytest.raises(DBAPIError) as raised:
        through.connect()

    assert faults.remedy(raised.value) == "remove `options` from DATABASE_URL: the pooler does not support it"


@pytest.mark.parametrize("owner", [True, False])
def test_migrations_through_a_pooler_are_refused_with_the_remedy(pooled: Pooled, owner: bool) -> None:
    urls = {"DATABASE_URL": pooled.app_url} | ({"DATABASE_OWNER_URL": pooled.owner_url} if owner else {})
    done = CliRunner().invoke(main, ["migrate"], env=urls)

    assert done.exit_code == 1
    assert "Set DATABASE_OWNER_URL to the URL of PostgreSQL itself" in done.stderr


def test_migrations_run_with_a_direct_owner_url(pooled: Pooled) -> None:
    urls = {"DATABASE_URL": pooled.app_url, "DATABASE_OWNER_URL": pooled.direct.owner_url}
    done = CliRunner().invoke(main, ["migrate"], env={**urls, "DATABASE_POOLER": "transaction"})

    assert (done.exit_code, done.output) == (0, "No pending migrations.\n")
