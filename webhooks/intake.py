"""Keeps deliveries by group commit: whatever waits is written and committed together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

import structlog
from sqlalchemy import Engine

from config import logs
from config.settings import ReceiverSettings
from db import events, faults
from db.dedicated import DedicatedConnection
from db.events import NewEvent
from health import thread
from webhooks import duplicates, metrics
from webhooks.outcome import Outcome, StorageUnavailable
from webhooks.pending import PendingDelivery, answer
from webhooks.timeouts import Timeouts

log = structlog.get_logger()

MOST_TOGETHER = 128
"""So many deliveries are handed over at once at most: while they are written, the next ones can be verified."""


@dataclass(slots=True)
class _Passed:
    """How much went by one place so far. Only one thread writes it, so that reading it needs no lock."""

    rows: int = 0
    bytes: int = 0

    def count(self, waiting: PendingDelivery) -> None:
        self.rows += 1
        self.bytes += len(waiting.kept.body)


class Intake:
    """One thread that writes whatever waits, a batch a commit, and answers after the commit.

    The event loop hands over what arrived together, together: each time that one thread wakes the other, both lose
    more than a delivery costs.
    """

    def __init__(self, engine: Engine, settings: ReceiverSettings, nudge: Callable[[Sequence[str]], None]) -> None:
        self._connection = DedicatedConnection(engine)
        self._settings = settings
        self._nudge = nudge
        self._closing = False
        self._patience = Timeouts(settings.keep_timeout_seconds, lambda: StorageUnavailable("database_slow"))
        self._thread = thread.needed("intake", self._run)
        self._arrived: list[PendingDelivery] = []
        self._entered, self._left = _Passed(), _Passed()
        self._handed: SimpleQueue[list[PendingDelivery]] = SimpleQueue()
        """An empty list says that nothing follows."""
        self._queue: deque[PendingDelivery] = deque()

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    async def keep(self, kept: NewEvent) -> Outcome:
        """Wait until the delivery is committed. Raises Unavailable if too many wait or it takes too long."""
        loop = asyncio.get_running_loop()
        waiting = PendingDelivery(kept, loop.create_future(), time.monotonic())
        self._enter(waiting)
        if len(self._arrived) == 1:
            loop.call_soon(self._look, loop, 1)
        elif len(self._arrived) == MOST_TOGETHER:
            self._hand_over()
        self._patience.give(waiting.answer)
        return await waiting.answer

    async def close(self) -> None:
        """Write what is waiting and stop; give up what takes longer than anybody waits for it."""
        self._closing = True
        self._hand_over()
        self._handed.put([])
        await asyncio.to_thread(self._thread.join, self._settings.keep_timeout_seconds)

    def _enter(self, waiting: PendingDelivery) -> None:
        rows = self._entered.rows - self._left.rows
        size = self._entered.bytes - self._left.bytes + len(waiting.kept.body)
        if self._closing or rows >= self._settings.intake_waiting_rows or size > self._settings.intake_waiting_bytes:
            raise StorageUnavailable("too_many_waiting")
        self._entered.count(waiting)
        self._arrived.append(waiting)

    def _look(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """Hand over what arrived as soon as a turn of the loop brought nothing more: few large batches cost least."""
        if len(self._arrived) > seen:
            loop.call_soon(self._look, loop, len(self._arrived))
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._arrived:
            self._handed.put(self._arrived)
            self._arrived = []

    def _run(self) -> None:
        while batch := self._next():
            self._keep(batch)
        self._connection.release()

    def _next(self) -> list[PendingDelivery]:
        """The next batch, as soon as there is one; empty when it is time to stop. Who gave up waiting is left out."""
        batch: list[PendingDelivery] = []
        while not batch and self._gather():
            while self._queue and len(batch) < self._settings.intake_rows:
                waiting = self._queue.popleft()
                self._left.count(waiting)
                if not waiting.answer.done():
                    batch.append(waiting)
        return batch

    def _gather(self) -> bool:
        """Take all that was handed over, waiting only while there is nothing; false when nothing follows."""
        while not self._queue or not self._handed.empty():
            handed = self._handed.get()
            if not handed:
                self._handed.put([])
                break
            self._queue += handed
        return bool(self._queue)

    def _keep(self, batch: Sequence[PendingDelivery]) -> None:
        """Write, answer, nudge. A row that the database refuses is found by halving and fails alone."""
        try:
            added = self._write([waiting.kept for waiting in batch])
        except Exception as error:
            if remedy := faults.remedy(error):
                answer(batch, StorageUnavailable("database_away", next_step=remedy, **logs.fault(error)))
            elif len(batch) == 1:
                answer(batch, StorageUnavailable("row_refused", **logs.fault(error)))
            else:
                self._keep_apart(batch)
        else:
            answer(batch, added)
            fresh = [waiting.kept for waiting in batch if waiting.kept.svix_id in added]
            self._nudge([kept.svix_id for kept in fresh if kept.status == "received"])
            _tell_of_parked(fresh)
            metrics.note_kept([waiting.kept for waiting in batch], len(fresh), time.monotonic() - batch[0].since)
            if len(added) < len(batch):
                self._compare(duplicates.of([waiting.kept for waiting in batch], added))

    def _compare(self, repeated: Sequence[NewEvent]) -> None:
        """Compare what was answered as a duplicate with what is stored; that it cannot be done changes nothing."""
        try:
            self._connection.run(lambda connection: duplicates.compare(connection, repeated))
        except Exception as error:
            log.warning(
                "duplicates.not_compared",
                count=len(repeated),
                next_step="nothing while PostgreSQL is away",
                **logs.fault(error),
            )

    def _keep_apart(self, batch: Sequence[PendingDelivery]) -> None:
        """Keep each half by itself, without those that nobody waits for any more."""
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            if still := [waiting for waiting in half if not waiting.answer.done()]:
                self._keep(still)

    def _write(self, batch: Sequence[NewEvent]) -> set[str]:
        """One statement, which is one transaction."""
        return self._connection.run(lambda connection: events.store(connection, batch))


def _tell_of_parked(fresh: Sequence[NewEvent]) -> None:
    for kept in fresh:
        if kept.status == "parked":
            log.warning(
                "delivery.parked",
                svix_id=kept.svix_id,
                clerk_user_id=kept.clerk_user_id,
                reason=kept.last_error,
                next_step="see `akako events show`",
            )
