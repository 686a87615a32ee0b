"""Runs PgBouncer in transaction mode in front of the test's PostgreSQL."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import psycopg
import pytest

from dev.embedded import account
from dev.ports import free_port
from dev.process import Process
from tests.dev.groups import until
from tests.servers import Database

REQUIRED = "pgbouncer" in os.environ.get("AKAKO_REQUIRE", "").split(",")
PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))

POOL_SIZE = 10
TRACKED = {"client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings", "application_name"}
"""Settings that PgBouncer tracks and sets to each client's value."""
ROLES = ("akako_app", "akako_owner", "postgres")


@dataclass(frozen=True)
class Pooled:
    """A database behind the pooler; the URLs of `direct` connect to PostgreSQL directly."""

    direct: Database
    port: int

    @property
    def app_url(self) -> str:
        """The URL of the application's role."""
        return self._through(self.direct.app_url)

    @property
    def owner_url(self) -> str:
        """The URL of the role that owns the tables."""
        return self._through(self.direct.owner_url)

    def left_behind(self) -> set[str]:
        """The settings that any client has changed in the shared sessions of the application's role."""
        with ExitStack() as stack:
            clients = [stack.enter_context(psycopg.connect(self.app_url)) for _ in range(POOL_SIZE)]
            found = [
                client.execute("select name from pg_settings where source = 'session'").fetchall() for client in clients
            ]
        return {name for names in found for (name,) in names} - TRACKED

    def _through(self, url: str) -> str:
        parts = urlsplit(url)
        return f"postgresql://{parts.username}@127.0.0.1:{self.port}{parts.path}"


def program() -> str:
    """The path of PgBouncer; without it, skips the test, or fails it if `AKAKO_REQUIRE` contains pgbouncer."""
    if PROGRAM is None:
        message = "PgBouncer is not installed: apt-get install pgbouncer (AKAKO_REQUIRE=pgbouncer makes this a failure)"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return PROGRAM


@contextmanager
def pgbouncer(sockets: str, directory: Path, options: Mapping[str, str] = MappingProxyType({})) -> Iterator[int]:
    """The port of a PgBouncer in front of the PostgreSQL that listens in `sockets`."""
    port = free_port()
    users = directory / "users.txt"
    users.write_text("".join(f'"{role}" ""\n' for role in ROLES))
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": str(users),
        "pool_mode": "transaction",
        "default_pool_size": str(POOL_SIZE),
        "max_client_conn": "500",
        **options,
    }
    lines = ["[databases]", f"* = host={sockets}", "[pgbouncer]", *(f"{name} = {settings[name]}" for name in settings)]
    configuration = directory / "pgbouncer.ini"
    configuration.write_text("\n".join(lines) + "\n")
    account.let_in(configuration)
    process = Process("pgbouncer", [program(), str(configuration)], user=account.needed())
    log = directory / "pgbouncer.log"
    with log.open("wb") as file:
        process.start(file)
    try:
        until(lambda: answers(port))
        yield port
    finally:
        process.end()


def answers(port: int) -> bool:
    """Whether it accepts a client."""
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
