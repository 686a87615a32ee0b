"""PgBouncer in transaction mode, as a real process before the test's PostgreSQL."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest

from ops.embedded import account
from ops.ground import free_port
from ops.process import Process
from tests.ops.groups import until

REQUIRED = "pgbouncer" in os.environ.get("AKAKO_REQUIRE", "").split(",")
PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))

POOL_SIZE = 10
ROLES = ("akako_app", "akako_owner", "postgres")


def program() -> str:
    """The path of PgBouncer; skips the test, or fails it where `AKAKO_REQUIRE` names pgbouncer."""
    if PROGRAM is None:
        message = "PgBouncer is not installed: apt-get install pgbouncer (AKAKO_REQUIRE=pgbouncer makes this a failure)"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return PROGRAM


@contextmanager
def pgbouncer(sockets: str, directory: Path, options: Mapping[str, str] = MappingProxyType({})) -> Iterator[int]:
    """The port of a PgBouncer before the PostgreSQL that listens in `sockets`."""
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
    """Whether it lets a client in."""
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
