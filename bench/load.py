"""The load generator, a separate process: writes prepared requests to raw sockets and measures the response times.

`python -m bench.load` reads one order from its arguments and prints one JSON value. It uses no HTTP client. Its rate
against a server that does nothing (`peers/nothing.py`) and its own CPU share show that it is fast enough.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice

import uvloop

from bench.deliveries import Numbered

ADMISSION_SECONDS = 0.5
"""Between opening the connections and the first request."""

Prepared = tuple[int, bytes]
"""A delivery's number, and the whole request."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to send: at most `most` requests in `seconds`, in a closed loop, or at `rate` per second.

    With `distinct`, repeats this number of deliveries.
    """

    port: int
    run: str
    connections: int
    seconds: float
    most: int
    rate: float | None = None
    distinct: int | None = None


@dataclass(slots=True)
class Result:
    """The responses, one entry per request; times are seconds of the system's wall clock."""

    numbers: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    busy: float = 0.0
    """CPU share of the generator, as a fraction of one core."""


class Connection(asyncio.Protocol):
    """A connection with at most one open request."""

    def __init__(self, result: Result, on_free: Callable[["Connection"], None]) -> None:
        self._result = result
        self._on_free = on_free
        self._answer = b""
        self._number = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def send(self, number: int, request: bytes, due: float | None = None) -> None:
        """Write a request; its response time counts from `due`, if given."""
        self._number = number
        self._sent = due or time.time()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._answer = self._answer + data if self._answer else data
        if _is_whole(answer):
            result = self._result
            result.numbers.append(self._number)
            result.statuses.append(int(answer[9:12]))
            result.sent.append(self._sent)
            result.answered.append(time.time())
            self._answer = b""
            self._on_free(self)


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    length = answer.find(b"content-length: ")
    return end >= 0 and len(answer) >= end + 4 + int(answer[length + 16 : answer.find(b"\r\n", length)])


async def send(order: Order) -> Result:
    """Carry out an order."""
    different = [Numbered(order.run, number).request() for number in range(order.distinct or order.most)]
    requests = list(islice(cycle(enumerate(different)), order.most))
    gc.disable()
    if order.rate is None:
        return await _closed_loop(order, requests)
    return await _at_a_rate(order, requests, order.rate)


async def _closed_loop(order: Order, requests: list[Prepared]) -> Result:
    result, finished = Result(), asyncio.Event()
    waiting = iter(requests)
    idle: list[Connection] = []

    def go_on(connection: Connection) -> None:
        following = next(waiting, None) if time.time() < end else None
        if following is not None:
            connection.send(*following)
            return
        idle.append(connection)
        if len(idle) == order.connections:
            finished.set()

    connections = await _open(order, result, go_on)
    start, busy = time.time(), time.process_time()
    end = start + order.seconds
    for connection in connections:
        go_on(connection)
    await finished.wait()
    result.busy = (time.process_time() - busy) / (time.time() - start)
    return result


async def _at_a_rate(order: Order, requests: list[Prepared], rate: float) -> Result:
    """An open loop: requests are sent when they are due, whether or not answers arrive; waits count from then."""
    result, free = Result(), asyncio.Queue[Connection]()
    for connection in await _open(order, result, free.put_nowait):
        free.put_nowait(connection)
    start, busy = time.time(), time.process_time()
    for place, (number, request) in enumerate(requests[: int(order.seconds * rate)]):
        due = start + place / rate
        await asyncio.sleep(due - time.time())
        (await free.get()).send(number, request, due)
    for _ in range(order.connections):
        await free.get()
    result.busy = (time.process_time() - busy) / (time.time() - start)
    return result


async def _open(order: Order, result: Result, on_free: Callable[[Connection], None]) -> list[Connection]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(result, on_free), "127.0.0.1", order.port)
        for _ in range(order.connections)
    ]
    # The kernel accepts connections before the server does: uvloop accepts one per loop iteration, slowly under load.
    await asyncio.sleep(ADMISSION_SECONDS)
    return [connection for _, connection in made]


def main() -> None:
    """Carry out the order in the first argument and print the result."""
    json.dump(asdict(uvloop.run(send(Order(**json.loads(sys.argv[1]))))), sys.stdout)


if __name__ == "__main__":
    main()
