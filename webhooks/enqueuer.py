"""Tells the workers that events wait, beside the road: a slow or absent Redis delays nobody."""

import threading
import time
from collections.abc import Sequence

from config import logs
from config.rate_limited_log import RateLimitedLog
from health import thread
from sync.enqueue import Queue
from webhooks.metrics import NOT_NUDGED

LEAST_PAUSE_SECONDS = 0.004
SECONDS_AN_EVENT, MOST_FOR_EVENTS_SECONDS = 0.002, 0.016
SECONDS_A_MESSAGE, MOST_FOR_MESSAGES_SECONDS = 0.005, 0.5
"""About what the workers need for one that waits."""
REST_SECONDS = 2.0
"""Pause after a failure: what is not nudged meanwhile is found by the sweep."""
MOST_WAITING = 20_000


def pause(events: int, waiting: int) -> float:
    """Seconds until the next message, after one of so many events that left so many messages waiting.

    Ids of several commits come together meanwhile. With little to do a message for each event tells the workers
    soonest. The more there is, the more a message for each would cost; and while messages wait (but for the one just
    sent), the next would only wait behind them: a worker that was away and comes back finds few large ones.
    """
    for_events = min(MOST_FOR_EVENTS_SECONDS, LEAST_PAUSE_SECONDS + SECONDS_AN_EVENT * events)
    return for_events + min(MOST_FOR_MESSAGES_SECONDS, SECONDS_A_MESSAGE * max(0, waiting - 1))


class Enqueuer:
    """One thread that sends the ids of kept events. What cannot be sent is dropped: the sweep nudges it again."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: list[str] = []
        self._wake = threading.Condition()
        self._closing = False
        self._failed = RateLimitedLog("nudge.failed", NOT_NUDGED)
        self._thread = thread.needed("nudger", self._run)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def enqueue(self, svix_ids: Sequence[str]) -> None:
        """Have these events applied soon. Never waits."""
        with self._wake:
            self._waiting += svix_ids[: MOST_WAITING - len(self._waiting)]
            self._wake.notify()

    def close(self, seconds: float = 2.0) -> None:
        """Send what is waiting, if that takes no longer than this, and stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while svix_ids := self._next():
            try:
                waiting = self._queue.put(svix_ids)
            except Exception as error:  # whatever it was, the sweep nudges them again
                self._failed.note("queue_away", **logs.fault(error))
                self._rest(REST_SECONDS)
            else:
                self._rest(pause(len(svix_ids), waiting))

    def _next(self) -> list[str]:
        """What waits, as soon as something does; nothing when it is time to stop."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._closing)
            svix_ids, self._waiting = self._waiting, []
            return svix_ids

    def _rest(self, seconds: float) -> None:
        if seconds < 1:
            time.sleep(seconds)
            return
        with self._wake:
            self._wake.wait_for(lambda: self._closing, timeout=seconds)
