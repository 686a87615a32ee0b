"""Stores deliveries by group commit: all waiting deliveries are inserted and committed together."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

import structlog
from sqlalchemy import Engine

from akako_guard.database import faults
from akako_guard.database.dedicated import DedicatedConnection
from config import logs
from config.settings import ReceiverSettings
from db import events
from db.events import NewEvent
from health import thread
from webhooks import duplicates, metrics
from webhooks.outcome import Outcome, StorageUnavailable
from webhooks.pending import PendingDelivery, complete
from webhooks.timeouts import Timeouts

log = structlog.get_logger()

BATCH_LIMIT = 128
"""Deliveries passed to the thread at once at most: while they are written, the next ones can be verified."""


@dataclass(slots=True)
class _Counters:
    """Running totals of deliveries. Only one thread writes each instance, so reading it needs no lock."""

    rows: int = 0
    bytes: int = 0

    def count(self, pending: PendingDelivery) -> None:
        self.rows += 1
        self.bytes += len(pending.event.body)


class Intake:
    """A thread that inserts all waiting deliveries, one batch per commit, and completes them after the commit.

    The event loop passes deliveries that arrive at the same time to the thread together: waking the thread costs more
    than a delivery does.
    """

    def __init__(self, engine: Engine, settings: ReceiverSettings, enqueue: Callable[[Sequence[str]], None]) -> None:
        self._connection = DedicatedConnection(engine)
        self._settings = settings
        self._enqueue = enqueue
        self._closing = False
        self._timeouts = Timeouts(settings.store_timeout_seconds, lambda: StorageUnavailable("database_slow"))
        self._thread = thread.essential("intake", self._run)
        self._arrived: list[PendingDelivery] = []
        self._entered, self._left = _Counters(), _Counters()
        self._batches: SimpleQueue[list[PendingDelivery]] = SimpleQueue()
        """An empty list marks the end."""
        self._queue: deque[PendingDelivery] = deque()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def store(self, event: NewEvent) -> Outcome:
        """Return after the commit. Raises StorageUnavailable if too many deliveries wait or on a timeout."""
        loop = asyncio.get_running_loop()
        pending = PendingDelivery(event, loop.create_future(), time.monotonic())
        self._enter(pending)
        if len(self._arrived) == 1:
            loop.call_soon(self._collect, loop, 1)
        elif len(self._arrived) == BATCH_LIMIT:
            self._submit()
        self._timeouts.add(pending.outcome)
        return await pending.outcome

    async def close(self) -> None:
        """Store the waiting deliveries and stop, waiting for at most `store_timeout_seconds`."""
        self._closing = True
        self._submit()
        self._batches.put([])
        await asyncio.to_thread(self._thread.join, self._settings.store_timeout_seconds)

    def _enter(self, pending: PendingDelivery) -> None:
        rows = self._entered.rows - self._left.rows
        size = self._entered.bytes - self._left.bytes + len(pending.event.body)
        if self._closing or rows >= self._settings.intake_waiting_rows or size > self._settings.intake_waiting_bytes:
            raise StorageUnavailable("too_many_waiting")
        self._entered.count(pending)
        self._arrived.append(pending)

    def _collect(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """Submit as soon as an event loop iteration adds no more deliveries: few large batches cost least."""
        if len(self._arrived) > seen:
            loop.call_soon(self._collect, loop, len(self._arrived))
        else:
            self._submit()

    def _submit(self) -> None:
        if self._arrived:
            self._batches.put(self._arrived)
            self._arrived = []

    def _run(self) -> None:
        while batch := self._next():
            self._store(batch)
        self._connection.release()

    def _next(self) -> list[PendingDelivery]:
        """Wait for the next batch; empty when closing. Deliveries that have already timed out are left out."""
        batch: list[PendingDelivery] = []
        while not batch and self._gather():
            while self._queue and len(batch) < self._settings.intake_rows:
                pending = self._queue.popleft()
                self._left.count(pending)
                if not pending.outcome.done():
                    batch.append(pending)
        return batch

    def _gather(self) -> bool:
        """Take all submitted deliveries, waiting only if there are none; false at the end."""
        while not self._queue or not self._batches.empty():
            submitted = self._batches.get()
            if not submitted:
                self._batches.put([])
                break
            self._queue += submitted
        return bool(self._queue)

    def _store(self, batch: Sequence[PendingDelivery]) -> None:
        """Insert, respond, enqueue. A row that the database rejects is isolated by bisecting the batch."""
        try:
            added = self._write([pending.event for pending in batch])
        except Exception as error:
            if remedy := faults.remedy(error):
                complete(batch, StorageUnavailable("database_unavailable", next_step=remedy, **logs.fault(error)))
            elif len(batch) == 1:
                complete(batch, StorageUnavailable("row_refused", **logs.fault(error)))
            else:
                self._bisect(batch)
        else:
            complete(batch, added)
            fresh = [pending.event for pending in batch if pending.event.svix_id in added]
            self._enqueue([event.svix_id for event in fresh if event.status == "received"])
            _log_parked(fresh)
            metrics.note_stored([pending.event for pending in batch], len(fresh), time.monotonic() - batch[0].since)
            if len(added) < len(batch):
                self._compare(duplicates.of([pending.event for pending in batch], added))

    def _compare(self, repeated: Sequence[NewEvent]) -> None:
        """Compare duplicates with the stored events. A failure is logged only, since the response is already sent."""
        try:
            self._connection.run(lambda connection: duplicates.compare(connection, repeated))
        except Exception as error:
            log.warning(
                "duplicate_comparison.failed",
                count=len(repeated),
                next_step="none while PostgreSQL is unavailable; otherwise report this as a bug",
                **logs.fault(error),
            )

    def _bisect(self, batch: Sequence[PendingDelivery]) -> None:
        """Store each half separately, without deliveries that have timed out meanwhile."""
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            if waiting := [pending for pending in half if not pending.outcome.done()]:
                self._store(waiting)

    def _write(self, batch: Sequence[NewEvent]) -> set[str]:
        """One statement, which is one transaction."""
        return self._connection.run(lambda connection: events.store(connection, batch))


def _log_parked(fresh: Sequence[NewEvent]) -> None:
    for event in fresh:
        if event.status == "parked":
            log.warning(
                "delivery.parked",
                svix_id=event.svix_id,
                clerk_user_id=event.clerk_user_id,
                reason=event.last_error,
                next_step="see `akako events show`",
            )
