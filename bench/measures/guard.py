"""What the guard costs: one endpoint open, for signed-in callers, and for a role, in turns.

Every connection is another user with a token of its own. The server's own processor time a request says what one core
could do alone.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import psutil
import uvloop

from bench import growth, services
from bench.contenders import AKAKO
from bench.figures import percentile
from bench.rows import Row, Values
from bench.stage import Stage
from tests.clerk_signs_in import PARTY, Instance

PATHS = {"/open": "no guard", "/signed-in": "signed in", "/guarded": "with a role"}
CONNECTIONS = (32, 128)
SERVER = (
    "uvicorn bench.peers.guarded:app --host 127.0.0.1 --port {port} --loop uvloop --http httptools"
    " --no-access-log --log-level warning"
)


@dataclass(slots=True)
class Result:
    """What came back in one round."""

    statuses: set[bytes] = field(default_factory=set)
    latencies: list[float] = field(default_factory=list)


class Visitor(asyncio.Protocol):
    """One connection that sends its request again as soon as it is answered."""

    def __init__(self, request: bytes, result: Result, end: float) -> None:
        self._request = request
        self._result = result
        self._end = end
        self._answer = b""
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"}"):
            return
        self._result.statuses.add(self._answer[9:12])
        self._result.latencies.append(time.perf_counter() - self._sent)
        self._answer = b""
        if time.perf_counter() < self._end:
            self._send()
        else:
            self._transport.close()
            self.finished.set_result(None)


def guard(stage: Stage) -> Iterator[Row]:
    """Each path in turn."""
    instance = Instance()
    connections = [count for count in CONNECTIONS if count in stage.scale.connections] or stage.scale.connections
    with _served(stage, instance) as (server, port):
        for number in range(stage.scale.rounds):
            for count in connections:
                for path, name in PATHS.items():
                    stage.say(f"guard: round {number + 1}, {count} connections, {name}")
                    yield Row(
                        "guard", name, count, _round(server, port, path, instance, count, stage.scale.seconds / 2)
                    )


def _round(server: psutil.Process, port: int, path: str, instance: Instance, count: int, seconds: float) -> Values:
    began, busy = time.perf_counter(), sum(server.cpu_times()[:2])
    result = uvloop.run(_visit(port, path, instance, count, seconds))
    elapsed, spent = time.perf_counter() - began, sum(server.cpu_times()[:2]) - busy
    if result.statuses != {b"200"}:
        raise RuntimeError(f"{path} answered {result.statuses}")
    waits = [wait * 1_000 for wait in result.latencies]
    return {
        "rate": len(waits) / elapsed,
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "cpu_us": spent / len(waits) * 1e6,
    }


async def _visit(port: int, path: str, instance: Instance, connections: int, seconds: float) -> Result:
    result, loop = Result(), asyncio.get_running_loop()
    requests = [_request(path, instance, number) for number in range(connections)]
    end = time.perf_counter() + seconds
    visitors = []
    for request in requests:
        _, visitor = await loop.create_connection(lambda r=request: Visitor(r, result, end), "127.0.0.1", port)  # type: ignore[misc]
        visitors.append(visitor)
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(visitor.finished for visitor in visitors))
    return result


def _request(path: str, instance: Instance, number: int) -> bytes:
    token = "" if path == "/open" else f"authorization: Bearer {instance.token(f'user_{number}')}\r\n"
    return f"GET {path} HTTP/1.1\r\nhost: lms\r\n{token}\r\n".encode()


@contextmanager
def _served(stage: Stage, instance: Instance) -> Iterator[tuple[psutil.Process, int]]:
    """The endpoints on uvicorn, before a database of many users."""
    database, port = stage.place(AKAKO).database, services.free_port()
    growth.fill(database, stage.scale.guard_users, 0)
    database.run("update users set clerk_id = 'user_' || id - 1")
    environment = {
        "DATABASE_URL": database.url,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_AUTHORIZED_PARTIES": PARTY,
    }
    with services.running(stage.logs, "guarded", SERVER.format(port=port), environment) as process:
        services.wait_for_port(stage.logs, process, port)
        yield psutil.Process(process.pid), port
