"""Asks the database who callers are: whoever waits is asked about together, in one query that begins after they came.

One thread and one connection: sharing a query costs less than taking turns at a pool, and a slow database can never
be asked more than one question at a time. There is no memory from one query to the next, so that what was revoked
counts on the very next request.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import Counter as Metric
from sqlalchemy import Engine

from config.rate_limited_log import RateLimitedLog
from db import callers, faults
from db.callers import KnownUser
from db.dedicated import DedicatedConnection

FAILED = Metric("akako_lookups_failed_total", "Requests for which the database did not say who is calling.", ["reason"])

MOST_TOGETHER = 200


class LookupUnavailable(Exception):
    """Who is calling cannot be known now; the request has to come again."""


@dataclass(slots=True, eq=False)
class _Waiting:
    clerk_id: str
    answer: asyncio.Future[KnownUser | None]
    loop: asyncio.AbstractEventLoop


class Lookup:
    """One daemon thread that begins with the first request, on an engine that is its own."""

    def __init__(self, engine: Engine, *, seconds: float = 2, most_waiting: int = 2_000) -> None:
        self._engine = engine
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._connection = DedicatedConnection(engine)
        self._failures = RateLimitedLog("callers.not_found", FAILED)

    async def find(self, clerk_id: str) -> KnownUser | None:
        """The user as the database knows it now, if it does. Raises Unavailable if it cannot say soon."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(clerk_id, loop.create_future(), loop)
        self._enter(waiting)
        try:
            async with asyncio.timeout(self._seconds):
                return await waiting.answer
        except TimeoutError:
            raise self._unavailable("slow") from None

    def close(self) -> None:
        """Answer who is waiting, stop, and give back the connection."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(self._seconds)
        self._engine.dispose()
        self._failures.close()

    def _enter(self, waiting: _Waiting) -> None:
        with self._wake:
            if self._closing or len(self._queue) >= self._most_waiting:
                raise self._unavailable("too_many_waiting")
            self._queue.append(waiting)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="lookup", daemon=True)
                self._thread.start()
        # Not at once: whoever is at this point in the same turn of the loop is then asked about in the same query.
        waiting.loop.call_soon(self._nudge)

    def _nudge(self) -> None:
        with self._wake:
            self._wake.notify()

    def _unavailable(self, why: str, **said: str) -> LookupUnavailable:
        self._failures.note(why, **said)
        return LookupUnavailable(why)

    def _run(self) -> None:
        while batch := self._next():
            try:
                found = self._ask({waiting.clerk_id for waiting in batch})
            except Exception as error:
                remedy = faults.remedy(error) or "look at PostgreSQL's log"
                _answer(batch, self._unavailable(type(error).__name__, next_step=remedy))
            else:
                _answer(batch, found)
        self._connection.release()

    def _next(self) -> list[_Waiting]:
        """Who waits, as soon as somebody does, without those who gave up; nobody when it is time to stop."""
        with self._wake:
            while True:
                self._wake.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return []
                batch = [self._queue.popleft() for _ in range(min(MOST_TOGETHER, len(self._queue)))]
                if batch := [waiting for waiting in batch if not waiting.answer.cancelled()]:
                    return batch

    def _ask(self, clerk_ids: set[str]) -> dict[str, KnownUser | None]:
        return self._connection.run(lambda connection: callers.look_up(connection, clerk_ids))


def _answer(batch: Sequence[_Waiting], result: Mapping[str, KnownUser | None] | LookupUnavailable) -> None:
    """Give everybody an answer, with one call into each event loop."""
    for loop in {waiting.loop for waiting in batch}:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            loop.call_soon_threadsafe(_settle, [waiting for waiting in batch if waiting.loop is loop], result)


def _settle(batch: Sequence[_Waiting], result: Mapping[str, KnownUser | None] | LookupUnavailable) -> None:
    for waiting in batch:
        if waiting.answer.done():
            continue
        if isinstance(result, LookupUnavailable):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(result[waiting.clerk_id])
