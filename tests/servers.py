"""The real servers that tests run on, and a fresh database for each test that asks for one."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from db.migrate import upgrade
from dev.embedded.postgres import QUICK
from dev.embedded.servers import Servers
from tests.suites import DATABASES, STARTED

VERSION = int(os.environ.get("AKAKO_POSTGRES", "18"))
"""Of PostgreSQL, in all tests (`make test-postgres`)."""
TEMPLATE = "akako_template"
ELSEWHERE = "America/St_Johns"
"""The zone that the servers live in: far from UTC, by half hours, with summer time."""
SMALL = {"shared_buffers": "32MB"}
"""Few buffers: making and dropping a database look through all of them."""
MEMORY = Path("/dev/shm")
"""A directory in memory, on Linux. A database for each test is hundreds of files, which disks make ten times slower."""
ENOUGH_BYTES = 4 * 2**30
_numbers = itertools.count(1)
_administrators: dict[str, psycopg.Connection] = {}
"""One connection to each server: every test makes a database, and connecting takes a tenth of that."""


@dataclass(frozen=True)
class Database:
    """One migrated, empty database and how to reach it."""

    owner_url: str
    app_url: str
    superuser_url: str


@contextmanager
def running() -> Iterator[Servers]:
    """Servers in a directory of their own: pytest closes its directories to other users whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix="akako-tests-", dir=_memory()) as directory:
        servers = Servers(Path(directory), version=VERSION, postgres_options={**QUICK, **SMALL, "timezone": ELSEWHERE})
        with STARTED.refused(False):
            servers.__enter__()
        url = servers.postgres.superuser_url
        try:
            with psycopg.connect(url, autocommit=True) as _administrators[url]:
                yield servers
        finally:
            servers.stop()


def make_template(servers: Servers) -> str:
    """A database with every migration applied, to be copied."""
    make_database(servers, TEMPLATE, "template1")
    upgrade(servers.postgres.url("akako_owner", TEMPLATE), servers.postgres.url("akako_app", TEMPLATE))
    return TEMPLATE


@contextmanager
def copy_of(servers: Servers, template: str) -> Iterator[Database]:
    """A database of its own, dropped afterwards even while clients are connected."""
    name = f"akako_{next(_numbers)}"
    make_database(servers, name, template)
    find_our_tables(servers, name)
    with dropped(servers, name) as database:
        yield database


@contextmanager
def ascii_database(servers: Servers) -> Iterator[Database]:
    """An empty database that does not store text as UTF-8."""
    name = f"akako_ascii_{next(_numbers)}"
    make = sql.SQL("CREATE DATABASE {} OWNER akako_owner ENCODING 'SQL_ASCII' TEMPLATE template0")
    as_superuser(servers, make.format(sql.Identifier(name)))
    with dropped(servers, name) as database:
        yield database


@contextmanager
def dropped(servers: Servers, name: str) -> Iterator[Database]:
    """The URLs of a database, which is dropped afterwards even while clients are connected."""
    try:
        yield Database(*(servers.postgres.url(role, name) for role in ("akako_owner", "akako_app", "postgres")))
    finally:
        as_superuser(servers, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def demoted(database: Database, *, in_favour_of_new_connections: bool = False) -> Iterator[None]:
    """A server that takes no writes, in sessions that are open already too.

    It stands in for one in recovery, where every transaction is read-only likewise: a standby that was the primary a
    moment ago. New connections may lead to the new primary, as a host name does that was moved there.
    """
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        name = sql.Identifier(superuser.info.dbname)
        superuser.execute("set default_transaction_read_only = off")
        if in_favour_of_new_connections:
            superuser.execute(sql.SQL("alter database {} set default_transaction_read_only = off").format(name))
        superuser.execute("alter system set default_transaction_read_only = on")
        superuser.execute("select pg_reload_conf()")
        try:
            yield
        finally:
            superuser.execute("alter system reset default_transaction_read_only")
            superuser.execute("select pg_reload_conf()")


def make_database(servers: Servers, name: str, template: str) -> None:
    """An empty or copied database that belongs to the owner role."""
    make = sql.SQL("CREATE DATABASE {} OWNER akako_owner TEMPLATE {} STRATEGY FILE_COPY")
    STARTED.count[DATABASES] += 1
    as_superuser(servers, make.format(sql.Identifier(name), sql.Identifier(template)))


def find_our_tables(servers: Servers, name: str) -> None:
    """Let plain SQL of every role find the tables: what `akako migrate` sets on roles is not copied with a database."""
    find = sql.SQL("ALTER DATABASE {} SET search_path = akako, pg_catalog, pg_temp")
    as_superuser(servers, find.format(sql.Identifier(name)))


def as_superuser(servers: Servers, statement: sql.Composed) -> None:
    """Run one statement as the server's administrator."""
    _administrators[servers.postgres.superuser_url].execute(statement)


def _memory() -> Path | None:
    """Where there is plenty of room in memory; else nowhere, which is the usual place for what is temporary."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None
