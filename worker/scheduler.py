"""Celery's scheduler (beat), which records progress as long as it sends the messages that are due."""

from typing import Any

from celery.beat import Scheduler

from worker.liveness import PROGRESS


class StatelessScheduler(Scheduler):
    """Stores no state: with short intervals the last run need not be known, and two schedulers may run at once."""

    _failing = False

    def tick(self, *args: Any, **options: Any) -> float:
        """Send the messages that are due; returns how long to sleep."""
        pause: float = super().tick(*args, **options)
        if not self._failing:
            PROGRESS.record()
        return pause

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """Send one message. Celery logs a failure and continues, so it is recorded here."""
        self._failing = True
        sent = super().apply_async(*args, **options)
        self._failing = False
        return sent
