"""A receiver as a real process, and ways to knock: politely, and byte by byte."""

import json
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from ops.ground import free_port
from ops.process import Process
from tests.clerk_says import Clerk, Sent
from tests.ops.groups import until

PATH = "/webhooks/clerk"
QUICK: dict[str, Any] = {"timeout": 15, "trust_env": False, "verify": False}
"""No certificates are read for a request to this machine: that takes longer than all the rest."""


@dataclass(frozen=True)
class Door:
    """A running receiver."""

    process: Process
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where deliveries go."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def deliver(self, sent: Sent) -> httpx.Response:
        """Send one delivery, on a connection of its own."""
        return httpx.post(self.url, content=sent.body, headers=sent.headers, **QUICK)

    def deliver_at_once(self, *sent: Sent) -> list[httpx.Response]:
        """Send many deliveries at the same time."""
        with ThreadPoolExecutor(min(len(sent), 32)) as senders:
            return list(senders.map(self.deliver, sent))

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
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def reasons(self) -> set[str]:
        """Why something was refused or not kept, as the log has it."""
        return {line["reason"] for line in self.lines() if "reason" in line}

    def megabytes(self) -> float:
        """The memory that the process occupies."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1_048_576


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


def request(*lines: str | bytes, first: str = f"POST {PATH} HTTP/1.1", body: bytes = b"") -> bytes:
    """A request with these header lines; the connection is to be closed after it."""
    head = [first, "Host: akako", "Connection: close", *lines]
    return b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in head) + b"\r\n\r\n" + body


def signed(sent: Sent, *lines: str, body: bytes | None = None) -> bytes:
    """A delivery as bytes, with other header lines; `body` is the body as it is framed."""
    headers = [f"{name}: {value}" for name, value in sent.headers.items()]
    framing = [f"Content-Length: {len(sent.body)}"] if body is None else []
    return request(*headers, *framing, *lines, body=sent.body if body is None else body)


def chunks(body: bytes, size: int) -> bytes:
    """A body in the chunked encoding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@contextmanager
def receiver(directory: Path, clerk: Clerk, *, database_url: str, redis_url: str, **settings: object) -> Iterator[Door]:
    """`python -m webhooks` until the block ends, with other settings in lower case."""
    port = free_port()
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CLERK_WEBHOOK_SIGNING_SECRET": ",".join(clerk.secrets),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        **{name.upper(): str(value) for name, value in settings.items()},
    }
    process = Process("web", [sys.executable, "-m", "webhooks"], environment=environment)
    log = directory / f"web-{port}.log"
    with log.open("wb") as file:
        process.start(file)
    door = Door(process, port, log)
    try:
        until(door.answers)
        yield door
    finally:
        process.end(30)
