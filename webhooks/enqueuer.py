"""Enqueues stored events for the workers in the background, so that a slow or unavailable Redis delays no response."""

import threading
import time
from collections.abc import Sequence

from config import logs
from config.rate_limited_log import rate_limited
from health import redis_faults, thread
from sync.enqueue import Queue
from webhooks.metrics import ENQUEUE_FAILURES

LEAST_PAUSE_SECONDS = 0.004
SECONDS_PER_EVENT, MOST_FOR_EVENTS_SECONDS = 0.002, 0.016
SECONDS_PER_MESSAGE, MOST_FOR_MESSAGES_SECONDS = 0.005, 0.5
"""About what the workers need for one waiting message."""
BACKOFF_SECONDS = 2.0
"""Pause after a failure; events that are not enqueued meanwhile are found by the sweep."""
MOST_WAITING = 20_000


def pause(events: int, waiting: int) -> float:
    """Seconds until the next message, after a message of `events` ids that left `waiting` messages in the queue.

    During the pause the ids of several commits are collected. Under low load, one message per event reaches the
    workers soonest. Under high load, one message per event costs more; and while other messages wait in the queue, the
    next one would only wait behind them, so a worker that was unavailable finds a few large messages.
    """
    for_events = min(MOST_FOR_EVENTS_SECONDS, LEAST_PAUSE_SECONDS + SECONDS_PER_EVENT * events)
    return for_events + min(MOST_FOR_MESSAGES_SECONDS, SECONDS_PER_MESSAGE * max(0, waiting - 1))


class Enqueuer:
    """A thread that enqueues the ids of stored events. Ids that cannot be sent are dropped: the sweep finds them."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: list[str] = []
        self._wake = threading.Condition()
        self._closing = False
        self._failed = rate_limited("enqueue.failed", ENQUEUE_FAILURES)
        self._thread = thread.essential("enqueuer", self._run)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def enqueue(self, svix_ids: Sequence[str]) -> None:
        """Enqueue events to be applied. Never blocks; ids above `MOST_WAITING` are left to the sweep."""
        with self._wake:
            self._waiting += svix_ids[: MOST_WAITING - len(self._waiting)]
            self._wake.notify()

    def close(self, seconds: float = 2.0) -> None:
        """Send the waiting ids and stop the thread, waiting for at most `seconds`."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._queue.check()
        except Exception as error:  # of whatever kind: the receiver does not need Redis
            self._note(error)
        while svix_ids := self._next():
            try:
                waiting = self._queue.put(svix_ids)
            except Exception as error:  # after any failure the sweep enqueues them again
                self._note(error)
                self._wait(BACKOFF_SECONDS)
            else:
                self._wait(pause(len(svix_ids), waiting))

    def _note(self, error: Exception) -> None:
        fault = redis_faults.explain(error)
        self._failed.note(
            "queue_unavailable", why=f"Redis {fault.reason}", next_step=fault.next_step, **logs.fault(error)
        )

    def _next(self) -> list[str]:
        """Wait for ids and take all of them; an empty list when closing."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._closing)
            svix_ids, self._waiting = self._waiting, []
            return svix_ids

    def _wait(self, seconds: float) -> None:
        if seconds < 1:
            time.sleep(seconds)
            return
        with self._wake:
            self._wake.wait_for(lambda: self._closing, timeout=seconds)
