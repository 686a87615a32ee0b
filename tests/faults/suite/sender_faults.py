"""Faults of senders: duplicates, malformed requests, slow connections, and clocks that differ."""

import asyncio
import http.client
import itertools
import resource
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from tests.faults.suite import malformed_requests
from tests.faults.suite.concurrency import at_once, shares
from tests.faults.suite.conditions import Say
from tests.faults.suite.deliveries import Numbered
from tests.faults.suite.senders import PATH, Responses, Senders
from tests.faults.suite.stack import RecoveryFailed, Stack
from tests.faults.suite.verdict import Verdict, count, judge

SLOW = 1_000
SLOW_SECONDS = 15
MOST_GROWTH_MB = 20
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
STORED = "select count(*) from webhook_events"
PARTIAL_HEADERS = f"POST {PATH} HTTP/1.1\r\nHost: akako\r\nX-Slow: ".encode()
FILLING_SECONDS = 5
"""How long it takes until all slots are occupied."""

EDGES = ((-302, 401), (-297, 202), (0, 202), (297, 202), (302, 401))
"""Seconds by which a sender's clock is ahead, and the expected status: five minutes are tolerated in each direction."""


@dataclass(frozen=True, slots=True)
class SenderFault:
    """Requests to a running receiver, and the checks of their effect."""

    name: str
    send: Callable[[Stack, int, Verdict], Responses]
    times: int
    short: int = 0

    def run(self, times: int, say: Say) -> Verdict:
        """Send the requests `times` times."""
        verdict = Verdict(self.name, times)
        with tempfile.TemporaryDirectory(prefix="akako-faults-") as directory, Stack(Path(directory)) as stack:
            say(f"{self.name}: {times:,}")
            try:
                responses = self.send(stack, times, verdict)
                stack.settle()
            except (RecoveryFailed, TimeoutError) as error:
                verdict.wrong.append(str(error))
                return verdict
            return judge(stack, responses, [], verdict)


def repeat(stack: Stack, times: int, verdict: Verdict) -> Responses:
    """Send one delivery on many connections concurrently: one row, one effect, no deadlock."""
    senders = Senders(stack.port, 1)
    at_once([partial(senders.deliver, *[0] * share) for share in shares(times)])
    expect(verdict, "answered 2xx", len(senders.responses.waits), times)
    expect(verdict, "rows", count(stack, STORED), 1)
    expect(verdict, "deadlocks", count(stack, DEADLOCKS), 0)
    return senders.responses


def send_malformed(stack: Stack, times: int, verdict: Verdict) -> Responses:
    """Send malformed and unsigned requests: refused, never a 5xx, no row, and no growth of memory."""
    receiver, answers = psutil.Process(stack.pid("web")), Counter[int]()
    malformed_requests.send(stack.port, times // 10, answers)
    before = receiver.memory_info().rss
    malformed_requests.send(stack.port, times - times // 10, answers)
    grown = (receiver.memory_info().rss - before) / 1_048_576
    verdict.note = f"{', '.join(f'{n:,} x {status}' for status, n in sorted(answers.items()))}; memory {grown:+.1f} MB"
    expect(verdict, "answered other than 4xx", sum(n for s, n in answers.items() if not 400 <= s < 500), 0)
    expect(verdict, "rows", count(stack, STORED), 0)
    if grown > MOST_GROWTH_MB:
        verdict.wrong.append(f"the receiver grew by {grown:.1f} MB")
    return Responses()


def send_slowly(stack: Stack, times: int, verdict: Verdict) -> Responses:
    """Open connections that send one byte per second, while valid deliveries arrive."""
    return _beside(stack, slow_connections(stack.port, times), verdict)


def take_every_slot(stack: Stack, times: int, verdict: Verdict) -> Responses:
    """Open more connections than MAX_CONNECTIONS with incomplete headers, each reopened as soon as it is closed."""
    # Reconnecting is as fast as the receiver accepts, so that accepting and closing takes a share of its CPU time.
    return _beside(stack, incomplete_headers(stack.port, times), verdict, reuse=False, most_ms=1_000, factor=5)


def _beside(
    stack: Stack,
    others: AbstractContextManager[None],
    verdict: Verdict,
    *,
    reuse: bool = True,
    most_ms: float = 100,
    factor: float = 3,
) -> Responses:
    """Deliver alone, then together with untrusted clients, and compare the latency of valid deliveries."""
    alone = _waits_of(stack, 0, reuse)
    with others:
        among = _waits_of(stack, 1_000_000, reuse)
    p99 = [sorted(each.waits)[int(len(each.waits) * 0.99)] * 1_000 for each in (alone, among)]
    verdict.note = f"p99 of valid deliveries {p99[0]:.0f} ms alone, {p99[1]:.0f} ms among them"
    if p99[1] > max(most_ms, factor * p99[0]):
        verdict.wrong.append("valid deliveries were delayed by untrusted clients")
    among.accepted.update(alone.accepted)
    expect(verdict, "failed requests", len(among.failures) + len(alone.failures), 0)
    return among


def skew_clocks(stack: Stack, times: int, verdict: Verdict) -> Responses:
    """Deliver with clocks that differ from the receiver's."""
    responses, numbers = Responses(), itertools.count(0, 2)
    for ahead, status in EDGES * times:
        delivery = Numbered(next(numbers))
        answered = post(stack.port, delivery, ahead)
        expect(verdict, f"{ahead:+} s is answered", answered, status)
        if answered == 202:
            responses.accepted[delivery.number] = time.time()
    return responses


def expect(verdict: Verdict, what: str, found: object, wanted: object) -> None:
    """Add an error to the verdict unless the values are equal."""
    if found != wanted:
        verdict.wrong.append(f"{what}: {found}, not {wanted}")


def post(port: int, delivery: Numbered, seconds_ahead: float) -> int:
    """Deliver once with a clock that is ahead, and return the status."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=15)) as connection:
        connection.request("POST", PATH, delivery.body(), delivery.headers(seconds_ahead=seconds_ahead))
        with connection.getresponse() as answer:
            return answer.status


@contextmanager
def slow_connections(port: int, many: int) -> Iterator[None]:
    """`many` connections that each start a request and never complete it."""
    allow_open_files(many + 500)
    slow = [_slow(port) for _ in range(many)]
    ended = threading.Event()
    thread = threading.Thread(target=_crawl, args=(port, slow, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for connection in slow:
            connection.close()


def _crawl(port: int, slow: list[socket.socket], ended: threading.Event) -> None:
    while not ended.wait(1):
        for place, connection in enumerate(slow):
            try:
                connection.send(b"a")
            except OSError:
                connection.close()
                slow[place] = _slow(port)


def _slow(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=15)
    connection.sendall(PARTIAL_HEADERS)
    return connection


@contextmanager
def incomplete_headers(port: int, many: int) -> Iterator[None]:
    """`many` connections that start a request and wait; each is reopened as soon as it is closed."""
    allow_open_files(many + 500)
    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_hold(port, many, ended)), daemon=True)
    thread.start()
    time.sleep(FILLING_SECONDS)
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def _hold(port: int, many: int, ended: threading.Event) -> None:
    async def hold() -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(PARTIAL_HEADERS)
                await reader.read(1)
                writer.close()
            except OSError:
                await asyncio.sleep(0.2)

    holding = [asyncio.create_task(hold()) for _ in range(many)]
    while not ended.is_set():
        await asyncio.sleep(0.1)
    for task in holding:
        task.cancel()


def allow_open_files(wanted: int) -> None:
    """Raise this process's limit of open files as far as permitted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))


def _waits_of(stack: Stack, first: int, reuse: bool) -> Responses:
    senders = Senders(stack.port, 100, first=first, reuse=reuse)
    senders.start()
    time.sleep(SLOW_SECONDS)
    senders.finish()
    return senders.responses
