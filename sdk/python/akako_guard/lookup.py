"""Looks up callers in the database: all waiting requests share one query, which starts after they arrived.

There is one thread with one connection: sharing a query costs less than waiting for a connection of a pool, and a slow
database never gets more than one query at a time. Results are not cached, so a revocation takes effect on the next
request.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from akako_guard.database import callers, faults
from akako_guard.database.callers import KnownUser
from akako_guard.database.dedicated import DedicatedConnection
from akako_guard.log import RateLimitedLog

BATCH_LIMIT = 200
"""Callers per query at most."""


class LookupUnavailable(Exception):
    """The caller could not be looked up; the client has to retry."""


@dataclass(slots=True, eq=False)
class _Waiting:
    clerk_id: str
    answer: asyncio.Future[KnownUser | None]
    loop: asyncio.AbstractEventLoop


class Lookup:
    """A daemon thread that starts with the first request and uses its own engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        seconds: float = 2,
        most_waiting: int = 2_000,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._connection = DedicatedConnection(engine)
        self._failures = RateLimitedLog("callers.not_found", on_failure)

    async def find(self, clerk_id: str) -> KnownUser | None:
        """The user as currently stored; None if unknown. Raises LookupUnavailable on a failure or after `seconds`."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(clerk_id, loop.create_future(), loop)
        self._enter(waiting)
        try:
            async with asyncio.timeout(self._seconds):
                return await waiting.answer
        except TimeoutError:
            raise self._unavailable("slow") from None

    def close(self) -> None:
        """Answer the waiting requests, stop the thread and dispose of the engine."""
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
        # Deferred, so that requests in the same iteration of the event loop share one query.
        waiting.loop.call_soon(self._notify)

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify()

    def _unavailable(self, reason: str, **details: str) -> LookupUnavailable:
        self._failures.note(reason, **details)
        return LookupUnavailable(reason)

    def _run(self) -> None:
        while batch := self._next():
            try:
                found = self._query({waiting.clerk_id for waiting in batch})
            except Exception as error:
                remedy = _remedy(error)
                _answer(batch, self._unavailable(type(error).__name__, next_step=remedy))
            else:
                _answer(batch, found)
        self._connection.release()

    def _next(self) -> list[_Waiting]:
        """Wait for requests and take a batch, without those that timed out; an empty list when closing."""
        with self._wake:
            while True:
                self._wake.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return []
                batch = [self._queue.popleft() for _ in range(min(BATCH_LIMIT, len(self._queue)))]
                if batch := [waiting for waiting in batch if not waiting.answer.cancelled()]:
                    return batch

    def _query(self, clerk_ids: set[str]) -> dict[str, KnownUser | None]:
        return self._connection.run(lambda connection: callers.look_up(connection, clerk_ids))


def _remedy(error: Exception) -> str:
    if faults.is_schema_mismatch(error):
        return "run `akako migrate`, then `grant akako_reader to <role>;` for the role in DATABASE_URL"
    return faults.remedy(error) or "see PostgreSQL's log"


def _answer(batch: Sequence[_Waiting], result: Mapping[str, KnownUser | None] | LookupUnavailable) -> None:
    """Complete every future of a batch, with one call into each event loop."""
    for loop in {waiting.loop for waiting in batch}:
        with contextlib.suppress(RuntimeError):  # the event loop is closed, so no request is waiting
            loop.call_soon_threadsafe(_set_results, [waiting for waiting in batch if waiting.loop is loop], result)


def _set_results(batch: Sequence[_Waiting], result: Mapping[str, KnownUser | None] | LookupUnavailable) -> None:
    for waiting in batch:
        if waiting.answer.done():
            continue
        if isinstance(result, LookupUnavailable):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(result[waiting.clerk_id])
