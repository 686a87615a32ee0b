"""The liveness watchdogs of worker and scheduler: what counts as progress, and what as pending work."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from billiard.process import active_children
from celery.worker import state
from celery.worker.request import Request

from config.settings import BrokerSettings
from health import deadline
from health.broker import Broker, RedisUnavailable
from health.heartbeat import Heartbeat
from health.progress import Progress
from health.watchdog import STALLED, Watchdog
from sync import broker

# Longer than the hard time limit of a task, shorter than the visibility timeout of a message.
LONGEST_UNACKED_SECONDS = 90.0

PROGRESS = Progress()
"""The last progress of this worker and its child processes, or of this scheduler; created before the children fork."""


def worker_watchdog(settings: BrokerSettings) -> Watchdog:
    """Terminates this worker, child processes first, when messages wait and it makes no progress."""
    return _consumer_watchdog(settings, "worker", broker.EVENTS, broker.CALENDAR)


def clerk_watchdog(settings: BrokerSettings) -> Watchdog:
    """Terminates the process that asks Clerk when messages wait and it makes no progress."""
    return _consumer_watchdog(settings, "clerk", broker.CLERK, broker.CLAIMS)


def beat_watchdog(settings: BrokerSettings) -> Watchdog:
    """Terminates this scheduler when Redis accepts messages and the scheduler does not tick."""
    takes_messages = _broker(settings).takes_messages
    return Watchdog("beat", PROGRESS, _heartbeat(settings, "beat"), takes_messages, extend=deadline.extend)


def _consumer_watchdog(settings: BrokerSettings, part: str, *queues: str) -> Watchdog:
    unacked = UnackedMessages(_broker(settings), queues)
    return Watchdog(
        part,
        PROGRESS,
        _heartbeat(settings, part),
        unacked.or_waiting,
        stuck=unacked.overdue,
        end=_end_all,
        extend=deadline.extend,
    )


def _broker(settings: BrokerSettings) -> Broker:
    return Broker(settings.redis)


def _heartbeat(settings: BrokerSettings, part: str) -> Heartbeat:
    return Heartbeat(settings.database_url.get_secret_value(), part, settings.database_pooler)


class UnackedMessages:
    """The messages that this worker has received and not acknowledged, and for how long each.

    Time during which Redis is unavailable does not count, since no message can be acknowledged then.
    """

    def __init__(self, redis: Broker, queues: Sequence[str] = (broker.EVENTS, broker.CALENDAR)) -> None:
        self._redis = redis
        self._queues = queues
        self._seconds: dict[str, float] = {}
        self._checked_at: float | None = None
        """When they were last checked; None if Redis was unavailable then."""

    def or_waiting(self) -> bool:
        """Whether there are any, or messages wait in the queues. Raises RedisUnavailable."""
        try:
            waiting = self._redis.holds(*self._queues)
        except RedisUnavailable:
            self._checked_at = None
            raise
        return self.exist() or waiting

    def exist(self) -> bool:
        """Whether there are any."""
        now = time.monotonic()
        passed = now - self._checked_at if self._checked_at is not None else 0.0
        before, self._checked_at = self._seconds, now
        self._seconds = {each.id: before[each.id] + passed if each.id in before else 0.0 for each in _reserved()}
        return bool(self._seconds)

    def overdue(self) -> bool:
        """Whether one is older than any time limit allows: its process stopped before the task could start."""
        return any(seconds > LONGEST_UNACKED_SECONDS for seconds in self._seconds.values())


def _reserved() -> list[Request]:
    """A snapshot of Celery's reserved requests, which its main thread modifies concurrently."""
    while True:
        with suppress(RuntimeError):  # the set changed during iteration
            return list(state.reserved_requests)


def _end_all() -> None:
    """Exit at once. Child processes are killed first: a suspended one would not notice, and would keep its locks."""
    for child in active_children():
        if child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
    os._exit(STALLED)
