"""Celery's scheduler, which moves as long as it gets rid of what is due."""

from typing import Any

from celery.beat import Scheduler

from worker.liveness import PROGRESS


class StatelessScheduler(Scheduler):
    """Remembers nothing: a calendar of short intervals may forget when it last ticked, and two may run at once."""

    _failing = False

    def tick(self, *given: Any, **named: Any) -> float:
        """Send what is due, and say how long to sleep."""
        pause: float = super().tick(*given, **named)
        if not self._failing:
            PROGRESS.record()
        return pause

    def apply_async(self, *given: Any, **named: Any) -> Any:
        """Send one message; Celery logs a failure and goes on as if nothing had happened."""
        self._failing = True
        sent = super().apply_async(*given, **named)
        self._failing = False
        return sent
