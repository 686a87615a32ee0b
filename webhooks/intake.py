"""Keeps deliveries by group commit: whatever waits is written and committed together."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Engine

from config import logs
from config.settings import ReceiverSettings
from db import events, faults
from db.events import Kept
from serving import thread
from webhooks.patience import Patience

log = structlog.get_logger()


class Outcome(StrEnum):
    """What became of a delivery that is safely kept."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


class Unavailable(Exception):
    """The delivery could not be kept for now; the sender has to come again."""

    def __init__(self, reason: str, **said: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said
        """What the log may say of it besides."""


@dataclass(slots=True, eq=False)
class _Waiting:
    kept: Kept
    answer: asyncio.Future[Outcome]
    loop: asyncio.AbstractEventLoop


class Intake:
    """One thread that writes whatever waits, a batch a commit, and answers after the commit."""

    def __init__(self, engine: Engine, settings: ReceiverSettings, nudge: Callable[[Sequence[str]], None]) -> None:
        self._engine = engine
        self._settings = settings
        self._nudge = nudge
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = threading.Condition()
        self._closing = False
        self._patience = Patience(settings.keep_timeout_seconds, lambda: Unavailable("database_slow"))
        self._thread = thread.needed("intake", self._run)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    async def keep(self, kept: Kept) -> Outcome:
        """Wait until the delivery is committed. Raises Unavailable if too many wait or it takes too long."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(kept, loop.create_future(), loop)
        self._enter(waiting)
        self._patience.give(waiting.answer)
        return await waiting.answer

    def close(self) -> None:
        """Write what is waiting and stop; give up what takes longer than anybody waits for it."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(self._settings.keep_timeout_seconds)

    def _enter(self, waiting: _Waiting) -> None:
        size = len(waiting.kept.body)
        with self._wake:
            if (
                self._closing
                or len(self._queue) >= self._settings.intake_waiting_rows
                or self._bytes + size > self._settings.intake_waiting_bytes
            ):
                raise Unavailable("too_many_waiting")
            self._queue.append(waiting)
            self._bytes += size
            self._wake.notify()

    def _run(self) -> None:
        while batch := self._next():
            self._keep(batch)

    def _next(self) -> list[_Waiting]:
        """The next batch, as soon as there is one; empty when it is time to stop. Who gave up waiting is left out."""
        batch: list[_Waiting] = []
        with self._wake:
            while not batch:
                self._wake.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return []
                while self._queue and len(batch) < self._settings.intake_rows:
                    waiting = self._queue.popleft()
                    self._bytes -= len(waiting.kept.body)
                    if not waiting.answer.done():
                        batch.append(waiting)
        return batch

    def _keep(self, batch: Sequence[_Waiting]) -> None:
        """Write, answer, nudge. A row that the database refuses is found by halving and fails alone."""
        try:
            added = self._write([waiting.kept for waiting in batch])
        except Exception as error:
            if remedy := faults.remedy(error):
                _answer(batch, Unavailable("database_away", next_step=remedy, **logs.fault(error)))
                # The next batch begins with another connection: perhaps to another server.
                self._engine.dispose()
            elif len(batch) == 1:
                _answer(batch, Unavailable("row_refused", **logs.fault(error)))
            else:
                self._keep_apart(batch)
        else:
            _answer(batch, added)
            fresh = [waiting.kept for waiting in batch if waiting.kept.svix_id in added]
            self._nudge([kept.svix_id for kept in fresh if kept.status == "received"])
            _tell_of_parked(fresh)

    def _keep_apart(self, batch: Sequence[_Waiting]) -> None:
        """Keep each half by itself, without those that nobody waits for any more."""
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            if still := [waiting for waiting in half if not waiting.answer.done()]:
                self._keep(still)

    def _write(self, batch: Sequence[Kept]) -> set[str]:
        """One statement, which is one transaction; once more on a new connection if the old one was dead."""
        try:
            return self._insert(batch)
        except Exception as error:
            if not faults.is_lost(error):
                raise
            return self._insert(batch)

    def _insert(self, batch: Sequence[Kept]) -> set[str]:
        with self._engine.connect() as connection:
            return events.keep(connection.execution_options(isolation_level="AUTOCOMMIT"), batch)


def _tell_of_parked(fresh: Sequence[Kept]) -> None:
    for kept in fresh:
        if kept.status == "parked":
            log.warning("delivery.parked", svix_id=kept.svix_id, reason=kept.last_error, next_step="read its body")


def _answer(batch: Sequence[_Waiting], result: set[str] | Unavailable) -> None:
    """Give every waiting request its answer, with one call into its event loop."""
    if batch:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            batch[0].loop.call_soon_threadsafe(_settle, batch, result)


def _settle(batch: Sequence[_Waiting], result: set[str] | Unavailable) -> None:
    first = set(result) if isinstance(result, set) else set()
    for waiting in batch:
        fresh = waiting.kept.svix_id in first
        first.discard(waiting.kept.svix_id)
        if waiting.answer.done():
            continue
        if isinstance(result, Unavailable):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(Outcome.ACCEPTED if fresh else Outcome.DUPLICATE)
