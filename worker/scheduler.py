"""Celery's scheduler (beat), which records progress as long as it sends the messages that are due."""

from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from config.settings import BrokerSettings, load
from health.broker import Broker
from sync import broker
from worker.liveness import PROGRESS


class StatelessScheduler(Scheduler):
    """Stores no state: with short intervals the last run need not be known, and two schedulers may run at once."""

    _failing = False
    _redis: Broker | None = None

    def tick(self, *args: Any, **options: Any) -> float:
        """Send the messages that are due; returns how long to sleep."""
        pause: float = super().tick(*args, **options)
        if not self._failing:
            PROGRESS.record()
        return pause

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        """Send one message. Celery logs a failure and continues, so it is recorded here.

        None is sent to the process that asks Clerk while one waits in its queue: without that process they would pile
        up.
        """
        self._failing = True
        queue = (entry.options or {}).get("queue")
        waits = queue in (broker.CLERK, broker.CLAIMS) and self._broker.holds(queue)
        sent = None if waits else super().apply_async(entry, *args, **options)
        self._failing = False
        return sent

    @property
    def _broker(self) -> Broker:
        if self._redis is None:
            self._redis = Broker(load(BrokerSettings).redis)
        return self._redis
