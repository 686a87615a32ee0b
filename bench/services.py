"""The measured services, started as in production and stopped at the end of the `with` block."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.contender import Contender, Place
from bench.deliveries import SECRET
from dev import ports
from dev.log_tail import tail
from dev.process import Process

READY_SECONDS = 30.0
WORKER_PATIENCE = 0.2
"""A graceful stop of a worker takes seconds and is not needed; a receiver still enqueues its events."""


@contextmanager
def receiver(logs: Path, contender: Contender, place: Place, processes: int = 1) -> Iterator[tuple[Process, int]]:
    """A receiver with this number of processes, and its port."""
    port = ports.free_port()
    command = contender.receiver.format(port=port, processes=processes)
    environment = {
        **_environment(place),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_PROCESSES": str(processes),
        "PROCESSES": str(processes),
    }
    with running(logs, f"{contender.name}-receiver", command, environment) as process:
        wait_for_port(logs, process, port)
        yield process, port


@contextmanager
def workers(logs: Path, contender: Contender, place: Place, processes: int = 2) -> Iterator[list[Process]]:
    """A worker with this number of processes; none if the contender has no worker."""
    with ExitStack() as stack:
        if contender.worker is None:
            yield []
            return
        command = contender.worker.format(processes=processes)
        environment = {**_environment(place), "WORKER_PROCESSES": str(processes)}
        yield [
            stack.enter_context(
                running(logs, f"{contender.name}-worker", command, environment, patience=WORKER_PATIENCE)
            )
            for _ in range(1 if contender.worker_forks else processes)
        ]


@contextmanager
def running(
    logs: Path, name: str, command: str, environment: dict[str, str], patience: float = 10
) -> Iterator[Process]:
    """One process with its output in a log file; terminated at the end, and killed after `patience` seconds."""
    process = Process(name, command.split(), environment=environment)
    with (logs / f"{name}.log").open("ab") as log:
        process.start(log)
    try:
        yield process
    finally:
        process.end(patience)


def wait_for_port(logs: Path, process: Process, port: int) -> None:
    """Wait until the process listens. Raises RuntimeError if it ends or does not listen in time."""
    deadline = time.monotonic() + READY_SECONDS
    while not _listens(port):
        if not process.runs or time.monotonic() > deadline:
            raise RuntimeError(f"{process.name} did not start:\n{tail(logs / f'{process.name}.log')}")
        time.sleep(0.05)


def _environment(place: Place) -> dict[str, str]:
    return {
        "DATABASE_URL": place.database.url,
        "REDIS_URL": place.redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": SECRET,
        "LOG_FORMAT": "json",
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
