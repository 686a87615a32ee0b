"""The load generator, a process of its own: writes prepared requests over raw sockets and times the answers.

`python -m bench.load` reads one order from its arguments and prints one JSON value. It has no HTTP client: that it is
fast enough shows in the figures of a server that does nothing (`peers/nothing.py`) and in its own share of a core.
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
    """What to send: for `seconds`, `most` requests at most; as fast as answers come, or `rate` a second.

    With `distinct`, only so many deliveries, again and again.
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
    """What came back, a request an entry; times are seconds of the system's wall clock."""

    numbers: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    busy: float = 0.0
    """The generator's own share of a core."""


class Connection(asyncio.Protocol):
    """One connection that carries one request at a time."""

    def __init__(self, result: Result, on_free: Callable[["Connection"], None]) -> None:
        self._result = result
        self._on_free = on_free
        self._answer = b""
        self._number = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def send(self, number: int, request: bytes, due: float | None = None) -> None:
        """Write a request; its time counts from `due`, if it should have left before now."""
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
        return await _as_answers_come(order, requests)
    return await _at_a_rate(order, requests, order.rate)


async def _as_answers_come(order: Order, requests: list[Prepared]) -> Result:
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
    """An open loop: requests leave when they are due, whether or not answers come; late ones count from then."""
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
    # The kernel says yes before the server does: uvloop lets one in a turn, and under load turns are long.
    await asyncio.sleep(ADMISSION_SECONDS)
    return [connection for _, connection in made]


def main() -> None:
    """Carry out the order in the first argument; print the result."""
    json.dump(asdict(uvloop.run(send(Order(**json.loads(sys.argv[1]))))), sys.stdout)


if __name__ == "__main__":
    main()
