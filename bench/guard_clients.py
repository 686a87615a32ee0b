"""Clients of a guarded endpoint: connections that send the next request as soon as one is answered."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import cast


@dataclass(slots=True)
class Result:
    """The responses of one round."""

    statuses: set[bytes] = field(default_factory=set)
    latencies: list[float] = field(default_factory=list)


class GuardClient(asyncio.Protocol):
    """One connection that sends the next request as soon as one is answered."""

    def __init__(self, requests: Iterator[bytes], result: Result, end: float) -> None:
        self._requests = requests
        self._result = result
        self._end = end
        self._answer = b""
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport is not a subclass
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

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


@dataclass(frozen=True, slots=True)
class Case:
    """A path and its tokens: one for each connection, or a new one from an endless iterator for each request."""

    name: str
    path: str
    tokens: list[str] = field(default_factory=list)
    token_cycle: Iterator[str] | None = None

    def requests(self, connections: int) -> list[Iterator[bytes]]:
        """The requests of each connection. The token cycle continues where the last round ended."""
        if self.token_cycle:
            return [map(self._request, self.token_cycle)] * connections
        written = [self._request(token) for token in self.tokens] or [self._request(None)]
        return [repeat(written[number % len(written)]) for number in range(connections)]

    def _request(self, token: str | None) -> bytes:
        authorization = f"authorization: Bearer {token}\r\n" if token else ""
        return f"GET {self.path} HTTP/1.1\r\nhost: lms\r\n{authorization}\r\n".encode()


async def send(port: int, case: Case, connections: int, seconds: float) -> Result:
    """Run one round."""
    requests = case.requests(connections)
    result = Result()
    end = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    clients = []
    for each in requests:
        _, client = await loop.create_connection(lambda r=each: GuardClient(r, result, end), "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(client.finished for client in clients))
    return result
