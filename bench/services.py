"""The services under measure, started as they are in production and ended with the `with` block."""

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.databases import Database
from bench.deliveries import SECRET
from ops.log import tail
from ops.process import Process

READY_SECONDS = 30.0
PEER = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
CELERY = ("worker", "--without-gossip", "--without-mingle")


@contextmanager
def ours(logs: Path, database: Database, redis_url: str) -> Iterator[tuple[Process, int]]:
    """Our receiver, one process, and the port it listens on."""
    port = _free_port()
    environment = {**_environment(database, redis_url), "HOST": "127.0.0.1", "PORT": str(port), "WEB_PROCESSES": "1"}
    with _running(logs, "receiver", [sys.executable, "-m", "webhooks"], environment) as process:
        _wait_for_port(process, port, logs)
        yield process, port


@contextmanager
def peer(logs: Path, name: str, database: Database | None, redis_url: str) -> Iterator[tuple[Process, int]]:
    """A receiver of `bench.peers`, one process, and the port it listens on."""
    port = _free_port()
    command = ["uvicorn", f"bench.peers.{name}:app", "--host", "127.0.0.1", "--port", str(port), *PEER]
    with _running(logs, name, command, _environment(database, redis_url)) as process:
        _wait_for_port(process, port, logs)
        yield process, port


@contextmanager
def our_worker(logs: Path, database: Database, redis_url: str) -> Iterator[Process]:
    """Our worker with two processes."""
    environment = {**_environment(database, redis_url), "WORKER_PROCESSES": "2"}
    with _running(logs, "worker", ["celery", "-A", "worker.app", *CELERY], environment) as process:
        yield process


@contextmanager
def usual_worker(logs: Path, database: Database, redis_url: str) -> Iterator[Process]:
    """The usual worker with two processes."""
    command = ["celery", "-A", "bench.peers.orm_worker", *CELERY, "--concurrency", "2", "--loglevel", "warning"]
    with _running(logs, "usual-worker", command, _environment(database, redis_url)) as process:
        yield process


def _environment(database: Database | None, redis_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database.url if database else "",
        "REDIS_URL": redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": SECRET,
        "LOG_FORMAT": "json",
    }


@contextmanager
def _running(logs: Path, name: str, command: Sequence[str], environment: dict[str, str]) -> Iterator[Process]:
    process = Process(name, command, environment=environment)
    with (logs / f"{name}.log").open("ab") as log:
        process.start(log)
    try:
        yield process
    finally:
        process.end()


def _wait_for_port(process: Process, port: int, logs: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _listens(port):
        if not process.runs or time.monotonic() > deadline:
            raise RuntimeError(f"{process.name} did not start:\n{tail(logs / f'{process.name}.log')}")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
