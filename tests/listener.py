"""A listening process under test, and clients for it: well-behaved, and byte by byte."""

import json
import resource
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from dev.ports import free_port
from dev.process import Process
from tests.dev.groups import until

QUICK: dict[str, Any] = {"timeout": 15, "trust_env": False, "verify": False}
"""No certificates are read for a request to this machine: that takes longer than all the rest."""
FILES_OF_A_PROCESS = 150
"""Open files that a process needs for everything but its connections, generously."""


@dataclass(frozen=True)
class Listener:
    """A running process."""

    process: Process
    port: int
    log: Path
    logged_before: int = 0
    """Bytes of the log that are not of this test."""

    def knock(self, *pieces: bytes, leave: bool = False) -> bytes:
        """Send bytes as they are and return what is answered until the connection is closed, or 5 s of silence."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            with suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
            return b"" if leave else heard(connection)

    def answers(self) -> bool:
        """Whether the health check is answered."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", **QUICK).is_success
        except httpx.HTTPError:
            return False

    def lines(self) -> list[dict[str, Any]]:
        """Everything that was logged; fails on a line that is no JSON."""
        return [json.loads(line) for line in self.log.read_bytes()[self.logged_before :].decode().splitlines()]

    def reasons(self) -> set[str]:
        """The reasons of refused and not stored deliveries, from the log."""
        return {line["reason"] for line in self.lines() if "reason" in line}

    def megabytes(self) -> float:
        """The memory that the process occupies."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1_048_576


def silent(listener: Listener, held: ExitStack) -> None:
    """Open a thousand connections that send nothing, or as many as this process may have open files for."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    for _ in range(min(1_000, most_files - FILES_OF_A_PROCESS)):
        held.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=5))


def heard(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    answer = b""
    with suppress(ConnectionError, TimeoutError):
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def status(answer: bytes) -> int:
    """The status of the first answer; 0 if there is none."""
    first = answer.partition(b"\r\n")[0].split()
    return int(first[1]) if len(first) > 1 else 0


def chunks(body: bytes, size: int) -> bytes:
    """A body in the chunked encoding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@contextmanager
def listening(name: str, command: list[str], directory: Path, environment: Mapping[str, str]) -> Iterator[Listener]:
    """A process on a port of its own, from its first answer until the block ends."""
    port = free_port()
    process = Process(name, command, environment={"HOST": "127.0.0.1", **environment, "PORT": str(port)})
    log = directory / f"{name}-{port}.log"
    with log.open("wb") as file:
        process.start(file)
    listener = Listener(process, port, log)
    try:
        until(listener.answers)
        yield listener
    finally:
        process.end(30)
