"""Counts what was turned away, and says so without letting anybody fill the log."""

import threading
import time
from collections import Counter

import structlog
from prometheus_client import Counter as Metric

log = structlog.get_logger()

QUIET_SECONDS = 10.0


class RateLimitedLog:
    """One line a reason in `QUIET_SECONDS` at most, with the count since the last; the metric counts each.

    Reasons are a few constants of ours, never a stranger's words. Threads may share it: no count is lost or told twice.
    """

    def __init__(self, event: str, metric: Metric) -> None:
        self._event = event
        self._metric = metric
        self._turn = threading.Lock()
        self._untold: Counter[str] = Counter()
        self._told: dict[str, float] = {}

    def note(self, reason: str, **said: str) -> None:
        """Count one, and say so with what else is to be said if this reason was not spoken of lately."""
        self._metric.labels(reason).inc()
        if count := self._due(reason):
            log.warning(self._event, reason=reason, count=count, **said)

    def close(self) -> None:
        """Say what was counted and not yet said."""
        with self._turn:
            untold, self._untold = self._untold, Counter()
        for reason, count in untold.items():
            log.warning(self._event, reason=reason, count=count)

    def _due(self, reason: str) -> int:
        """How many are to be told of now, this one included; none, if this reason was spoken of lately."""
        now = time.monotonic()
        with self._turn:
            self._untold[reason] += 1
            if now - self._told.get(reason, -QUIET_SECONDS) < QUIET_SECONDS:
                return 0
            self._told[reason] = now
            return self._untold.pop(reason)
