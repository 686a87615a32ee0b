from pathlib import Path

import pytest
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from akako_guard.database_url import DROPPED, LIBPQ, names_pooler, normalise

SECRET = "s3cret-Word"


def parameters(query: str) -> dict[str, object]:
    """What libpq reads from a URL with this query, without user, host and database."""
    read = conninfo_to_dict(normalise(f"postgresql://akako:{SECRET}@db.example.com/akako?{query}"))
    return {name: value for name, value in read.items() if name not in ("user", "password", "host", "dbname")}


def complaint(url: str) -> str:
    with pytest.raises(ValueError) as raised:
        normalise(url)
    return str(raised.value)


def test_every_parameter_of_libpq_is_known() -> None:
    assert {option.keyword.decode() for option in pq.Conninfo.get_defaults()} <= LIBPQ


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://akako:secret@db.example.com:5432/akako?sslmode=require&connect_timeout=7",
        "postgres://akako@/akako?host=/var/run/postgresql",
        "postgresql://%2Fvar%2Frun%2Fpostgresql/akako",
        "postgresql://akako:a?b#c:d@one.example.com:5432,two.example.com:5433/akako?target_session_attrs=read-write",
        "postgresql://akako@[2001:db8::1]:5432/akako",
        "postgresql:///akako",
        "postgresql://akako:p%40ss@db.example.com/akako?options=-c%20jit%3Doff",
    ],
)
def test_what_libpq_takes_stays_as_it_is(url: str) -> None:
    assert normalise(url) == url


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "psycopg_async", "pg8000"])
def test_the_driver_of_sqlalchemy_is_left_out(driver: str) -> None:
    assert normalise(f"postgresql+{driver}://akako@db/akako") == "postgresql://akako@db/akako"


@pytest.mark.parametrize(
    "query",
    [
        "schema=public&connection_limit=5&pool_timeout=10&pgbouncer=true&statement_cache_size=0&socket_timeout=3",
        "sslaccept=accept_invalid_certs",
        "pool=5&prepared_statements=false&encoding=unicode",
        "prepared_statement_cache_size=0",
        "supa=base-pooler.x",
        "",
        "&",
    ],
)
def test_what_configures_another_client_alone_is_dropped(query: str) -> None:
    assert parameters(query) == {}


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("ssl=true", "require"),
        ("ssl=require", "require"),
        ("ssl=verify-full", "verify-full"),
        ("sslmode=no-verify", "require"),
        ("sslmode=verify-full&ssl=true", "verify-full"),
        ("ssl=true&sslmode=verify-full", "verify-full"),
    ],
)
def test_what_asks_for_tls_is_never_dropped(query: str, mode: str) -> None:
    assert parameters(query) == {"sslmode": mode}


def test_a_value_with_an_equals_sign_is_taken_whole() -> None:
    assert parameters("options=-c%20jit=off") == {"options": "-c jit=off"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=blue", "the parameter colour is not supported"),
        ("sslaccept=strict", "sslmode=verify-full&sslrootcert=system"),
        ("targetServerType=primary", "target_session_attrs=read-write"),
        ("sslmode=on", "the value of the parameter sslmode is not supported"),
        ("connect_timeout=soon", "the parameter connect_timeout is not a number"),
    ],
)
def test_what_is_not_understood_is_named_with_what_to_do(query: str, said: str) -> None:
    message = complaint(f"postgresql://akako:{SECRET}@db.example.com/akako?{query}")

    assert said in message
    assert SECRET not in message


@pytest.mark.parametrize("sign", ["@", "/", "%", "/x?", "/x?y=", "/?y=&", ":@", "%zz", "%00", "[", "/1?schema=", " @"])
@pytest.mark.parametrize("before", ["", "12", SECRET])
def test_a_password_that_was_not_encoded_is_never_quoted(before: str, sign: str) -> None:
    password = f"{before}{sign}{SECRET}"
    url = f"postgresql://akako:{password}@db.example.com/akako"
    try:
        read = conninfo_to_dict(normalise(url))
    except ValueError as error:
        message = str(error)
    else:
        message = "%40" if read.get("password") == password else f"%40 {read.get('host')} {read.get('port')}"
    assert "%40" in message
    assert SECRET not in message


def test_the_reference_names_every_parameter_that_is_dropped() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/database-url.md").read_text()

    assert [name for name in DROPPED if f"`{name}`" not in page] == []


def test_prisma_says_that_there_is_a_pooler() -> None:
    assert names_pooler("postgresql://akako@db/akako?pgbouncer=true")
    assert not names_pooler("postgresql://akako@db/akako?pgbouncer=false")
    assert not names_pooler("no URL")
