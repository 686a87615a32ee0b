from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from akako_guard.database import callers, faults
from akako_guard.database.engine import connect
from akako_guard.role import Role
from db import user_search, vitals
from dev.embedded.servers import Servers
from tests import tls
from tests.clerk_sender import BEGINNING, Clerk
from tests.ledger import apply, values
from tests.meanwhile import holding
from tests.servers import Database

Reach = Callable[..., Engine]


@pytest.fixture
def reach() -> Iterator[Reach]:
    """Creates engines like `connect`, and disposes of them."""
    engines: list[Engine] = []

    def make(url: str, **bounds: float) -> Engine:
        engines.append(connect(url, "test", **bounds))  # type: ignore[arg-type]
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


def error_of(work: Callable[[], object]) -> SQLAlchemyError:
    """The error that the work raises."""
    with pytest.raises(SQLAlchemyError) as raised:
        work()
    return raised.value


def raising(sqlstate: str) -> str:
    """A statement that fails with this SQLSTATE."""
    return f"do $$ begin raise exception 'as asked for' using errcode = '{sqlstate}'; end $$"


def run(engine: Engine, statement: str) -> None:
    """Run one statement."""
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def classified(error: BaseException) -> set[str]:
    """All classifications of an error."""
    kinds = {
        "conflict": faults.is_conflict,
        "unavailable": faults.is_unavailable,
        "lock": faults.is_lock,
        "lost": faults.is_lost,
    }
    return {name for name, is_one in kinds.items() if is_one(error)}


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "23505"])
def test_an_error_caused_by_a_concurrent_transaction_is_a_conflict(engine: Engine, sqlstate: str) -> None:
    assert classified(error_of(lambda: run(engine, raising(sqlstate)))) == {"conflict"}


@pytest.mark.parametrize(
    ("sqlstate", "step"),
    [
        ("08006", "network"),
        ("53100", "free disk space"),
        ("53200", "raise its limit"),
        ("58030", "log"),
        ("XX001", "log"),
        ("55000", "log"),
        ("25006", "primary"),
        ("26000", "DATABASE_POOLER=transaction"),
        ("42P05", "DATABASE_POOLER=transaction"),
        ("28P01", "password"),
        ("3D000", "database name"),
        ("42501", "DATABASE_OWNER_URL"),
        ("42703", "akako migrate"),
        ("42P01", "akako migrate"),
    ],
)
def test_an_unusable_database_is_unavailable_and_has_a_remedy(engine: Engine, sqlstate: str, step: str) -> None:
    error = error_of(lambda: run(engine, raising(sqlstate)))
    assert "unavailable" in classified(error)
    assert step in str(faults.remedy(error))


@pytest.mark.parametrize("sqlstate", ["23514", "22021", "22003", "P0001", "57014", "23P01"])
def test_an_error_of_the_statement_itself_is_none_of_these(engine: Engine, sqlstate: str) -> None:
    error = error_of(lambda: run(engine, raising(sqlstate)))
    assert (classified(error), faults.remedy(error)) == (set(), None)


def test_a_terminated_session_is_unavailable_and_lost(engine: Engine) -> None:
    error = error_of(lambda: run(engine, "select pg_terminate_backend(pg_backend_pid())"))
    assert classified(error) == {"unavailable", "lost"}


def test_an_unreachable_server_is_unavailable(reach: Reach) -> None:
    nowhere = reach("postgresql://akako_app@127.0.0.1:1/akako")
    assert faults.is_unavailable(error_of(lambda: run(nowhere, "select 1")))


def test_a_missing_database_is_unavailable(servers: Servers, reach: Reach) -> None:
    unknown = reach(servers.postgres.url("akako_app", "nowhere"))
    assert faults.is_unavailable(error_of(lambda: run(unknown, "select 1")))


def test_an_exhausted_pool_is_unavailable(database: Database, reach: Reach) -> None:
    engine = reach(database.app_url, connections=1)
    with engine.connect():
        assert faults.is_unavailable(error_of(lambda: run(engine, "select 1")))


@pytest.mark.parametrize(
    ("options", "reason", "step"),
    [
        ("sslmode=verify-full&sslrootcert={other}", "not trusted", "sslrootcert"),
        ("sslmode=verify-full&sslrootcert={named}", "another host name", "host name"),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "CA is missing", "sslrootcert"),
    ],
)
def test_a_certificate_that_cannot_be_verified_is_named(
    reach: Reach, tmp_path: Path, options: str, reason: str, step: str
) -> None:
    shown, other = tls.self_signed(tmp_path, "db.example.com"), tls.self_signed(tmp_path, "other.example.com")
    with tls.postgresql(shown) as port:
        url = f"postgresql://akako@127.0.0.1:{port}/akako?{options.format(named=shown.path, other=other.path)}"
        error = error_of(lambda: run(reach(url), "select 1"))
    assert reason in str(faults.tls_reason(error))
    assert step in str(faults.remedy(error))
    assert faults.is_unreachable(error)


def test_a_server_without_tls_is_named_where_tls_is_asked_for(reach: Reach) -> None:
    with tls.postgresql(None) as port:
        error = error_of(lambda: run(reach(f"postgresql://akako@127.0.0.1:{port}/akako?sslmode=require"), "select 1"))
    assert (faults.tls_reason(error), "sslmode" in str(faults.remedy(error))) == ("does not speak TLS", True)


def test_a_python_error_is_not_a_database_error() -> None:
    assert classified(ValueError("23505")) == set()


def test_a_statement_that_takes_too_long_is_cancelled(database: Database, reach: Reach) -> None:
    engine = reach(database.app_url, statement_seconds=0.05)
    error = error_of(lambda: run(engine, "select pg_sleep(30)"))
    assert classified(error) == set()


def test_a_lock_timeout_is_not_a_conflict(database: Database, reach: Reach) -> None:
    impatient = reach(database.app_url, lock_seconds=0.05)
    with holding(reach(database.owner_url), "lock table users in share mode"):
        error = error_of(lambda: run(impatient, "insert into users (clerk_id, clerk_updated_at) values ('u', now())"))
    assert classified(error) == {"lock"}


def test_an_acknowledged_commit_is_on_disk_whatever_the_server_default(database: Database, reach: Reach) -> None:
    (name,) = values(reach(database.owner_url), "select current_database()")
    run(reach(database.owner_url), f"alter role akako_app in database {name} set synchronous_commit = off")
    assert values(reach(database.app_url), "select current_setting('synchronous_commit')") == ["on"]


# Settings that a provider may have on a role or a database.
HOSTILE = [
    *(("DateStyle", style) for style in ("SQL, DMY", "German", "Postgres, MDY", "ISO, DMY")),
    ("IntervalStyle", "iso_8601"),
    ("TimeZone", "Asia/Kathmandu"),
    ("client_encoding", "LATIN1"),
    ("bytea_output", "escape"),
    ("standard_conforming_strings", "off"),
    ("search_path", ""),
    ("default_transaction_isolation", "serializable"),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE, ids=[" ".join(setting) for setting in HOSTILE])
def test_no_server_default_breaks_statements(
    database: Database, reach: Reach, clerk: Clerk, name: str, value: str
) -> None:
    owner = reach(database.owner_url)
    (current,) = values(owner, "select current_database()")
    run(owner, f"alter role akako_app in database {current} set {name} = '{value}'")
    engine = reach(database.app_url)

    assert apply(engine, clerk, clerk.created("user_ada", first_name="Ангелина")).applied == 1
    with engine.connect() as connection:
        assert vitals.wrong_settings(connection) == []
        (found,) = callers.find(connection, ["user_ada"]).values()
        entry = user_search.show(connection, "user_ada")
    assert (found.first_name, found.roles) == ("Ангелина", frozenset({Role.LEARNER}))
    assert entry is not None
    assert entry.clerk_created_at == BEGINNING


def test_a_wrong_session_setting_is_named(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("set datestyle = 'SQL, DMY'")
        assert vitals.wrong_settings(connection) == ["DateStyle"]


def test_times_are_utc_whatever_the_time_zone_of_the_server(database: Database, reach: Reach) -> None:
    (name,) = values(reach(database.owner_url), "select current_database()")
    run(reach(database.owner_url), f"alter role akako_app in database {name} set timezone = 'Europe/Berlin'")
    assert values(reach(database.app_url), "select current_setting('TimeZone')") == ["UTC"]


def test_an_error_quotes_no_parameters(engine: Engine) -> None:
    def fail() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("select 1 / length(%s) - length(%s)", ("", "ada@example.com"))

    assert "ada@example.com" not in str(error_of(fail))
