"""The watch over this worker, and over this calendar: what moves it, and when something waits for it."""

import os
import signal
import time
from contextlib import suppress

from billiard.process import active_children
from celery.worker import state
from celery.worker.request import Request

from config.settings import WorkerSettings
from health.broker import Broker
from health.heartbeat import Heartbeat
from health.progress import Progress
from health.watchdog import STALLED, Watchdog
from sync import broker

# Longer than any time limit lets a task run, shorter than a message is kept back from other workers.
LONGEST_HELD_SECONDS = 90.0

PROGRESS = Progress()
"""Of this worker with all its children, or of this calendar; made before the children, who share it."""


def worker_watchdog(settings: WorkerSettings) -> Watchdog:
    """A watch that ends this worker, its children first, when messages wait and nothing of it moves."""
    redis, held = _broker(settings), UnackedMessages()
    return Watchdog(
        "worker",
        PROGRESS,
        _heartbeat(settings, "worker"),
        lambda: held.some() or redis.holds(broker.EVENTS, broker.CALENDAR),
        stuck=held.too_long,
        end=_end_all,
    )


def beat_watchdog(settings: WorkerSettings) -> Watchdog:
    """A watch that ends this calendar when Redis answers and the calendar does not tick."""
    return Watchdog("beat", PROGRESS, _heartbeat(settings, "beat"), _broker(settings).takes_messages)


def _broker(settings: WorkerSettings) -> Broker:
    return Broker(settings.redis)


def _heartbeat(settings: WorkerSettings, part: str) -> Heartbeat:
    return Heartbeat(settings.database_url.get_secret_value(), part, settings.database_pooler)


class UnackedMessages:
    """The messages that this worker took and has not finished."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def some(self) -> bool:
        """Whether there are any."""
        now = time.monotonic()
        self._since = {request.id: self._since.get(request.id, now) for request in _reserved()}
        return bool(self._since)

    def too_long(self) -> bool:
        """Whether there is one that no time limit ends: its process had stopped before it could begin."""
        return any(time.monotonic() - since > LONGEST_HELD_SECONDS for since in self._since.values())


def _reserved() -> list[Request]:
    """What Celery's main thread, which does not wait for us, held at one moment."""
    while True:
        with suppress(RuntimeError):  # it took or let go of one while we read
            return list(state.reserved_requests)


def _end_all() -> None:
    """End at once. The children first: one that is stopped would not notice, and hold its locks for ever."""
    for child in active_children():
        if child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
    os._exit(STALLED)
