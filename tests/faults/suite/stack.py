"""The production processes with default settings on their own servers, as the target of faults."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, LiteralString, Self

import httpx
import psutil
import psycopg
import redis

from config.settings import ReceiverSettings, WorkerSettings
from db.migrate import upgrade
from dev import clerk_instance, ports, procfile
from dev.embedded.servers import Servers
from dev.process import Process
from dev.processes import Processes
from tests.faults.suite.deliveries import SECRET

PATIENCE_SECONDS = 120.0
VERSION = int(os.environ.get("AKAKO_POSTGRES", "18"))
"""The version of PostgreSQL."""
POSTGRES = {"track_commit_timestamp": "on"}
"""Records the commit time of each event; all other settings have PostgreSQL's defaults."""
OURS = {name.upper() for kind in (ReceiverSettings, WorkerSettings) for name in kind.model_fields}

Environments = Mapping[str, Mapping[str, str]]


class RecoveryFailed(Exception):
    """A process or server did not recover in time."""


class Stack:
    """Receiver, worker and beat as started by the Procfile; processes that end are restarted, as in production."""

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        own: Callable[["Stack"], Environments] = lambda _: {},
        second: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.port = ports.free_port()
        self.servers = Servers(directory, version=VERSION, postgres_options=POSTGRES)
        self.restarts: list[str] = []
        self._settings = settings
        self._own = own
        self._second = second

    def __enter__(self) -> Self:
        self.servers.__enter__()
        try:
            self._open()
        except BaseException:
            self.servers.stop()
            raise
        return self

    def _open(self) -> None:
        upgrade(self.servers.owner_url, self.servers.app_url)
        processes = self._processes()
        self._named = {process.name: process for process in processes}
        self._running = Processes(processes, self._start)
        self._running.__enter__()
        self._keeper = threading.Thread(target=self._running.keep_running, args=(self.restarts.append,), daemon=True)
        self._keeper.start()
        try:
            self.until(self._answers, "the receiver answers")
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._running.stop()
        self._keeper.join()
        self._running.end(patience=0)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self.servers.stop()

    def pid(self, name: str) -> int:
        """The process id of the last start of a process of the Procfile."""
        return self._named[name].pid

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of `akako`, whose output is in the log `akako.log`."""
        with (self.directory / "akako.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", "from cli.main import main; main()", *words],
                env={**os.environ, **self._environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, statement: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser and return its rows, if any."""
        url = self.servers.postgres.url("postgres")
        with psycopg.connect(url, autocommit=True, connect_timeout=2, options="-c search_path=akako") as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def execute(self, statements: str) -> None:
        """Run several statements as the superuser."""
        url = self.servers.postgres.url("postgres")
        with psycopg.connect(url, autocommit=True, connect_timeout=2, options="-c search_path=akako") as connection:
            connection.execute(statements.encode())

    def flush(self) -> None:
        """Delete all data in Redis."""
        with redis.Redis.from_url(self.servers.redis_url, socket_timeout=2) as client:
            client.flushall()

    def waiting(self) -> int:
        """The number of events that are not applied yet."""
        return int(self.run("select count(*) from webhook_events where status = 'received'")[0][0])

    def settle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all events are applied."""
        self.until(lambda: not self.waiting(), "everything acknowledged is applied", seconds)

    def until(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for a condition, ignoring database errors. Raises RecoveryFailed after a timeout."""
        deadline = time.monotonic() + seconds
        while not self._true(condition):
            if time.monotonic() > deadline:
                raise RecoveryFailed(f"not true after {seconds:g} s: {what}; the logs are in {self.directory}")
            time.sleep(0.05)

    def family(self, pid: int) -> list[psutil.Process]:
        """A process and its descendants."""
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]

    @staticmethod
    def _true(condition: Callable[[], object]) -> bool:
        try:
            return bool(condition())
        except psycopg.OperationalError:
            return False

    def _environment(self) -> dict[str, str]:
        common = {
            "DATABASE_URL": self.servers.app_url,
            "REDIS_URL": self.servers.redis_url,
            "CLERK_WEBHOOK_SIGNING_SECRET": SECRET,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LOG_FORMAT": "json",
            **clerk_instance.NO_BACKEND,
        }
        # An empty setting has its default value, so that the caller's environment has no effect.
        return dict.fromkeys(OURS & os.environ.keys(), "") | common | dict(self._settings)

    def _processes(self) -> list[Process]:
        environment = self._environment()
        own = {name: dict(each) for name, each in self._own(self).items()}
        first = [each for each in procfile.processes(environment, **own) if each.name != "api"]
        return first + [each for each in procfile.processes(environment, **own) if each.name in self._second]

    def _start(self, process: Process) -> None:
        with (self.directory / f"{process.name}.log").open("ab") as log:
            process.start(log)
