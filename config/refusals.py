"""Counts and logs what was refused, without letting strangers fill the log."""

import time
from collections import Counter

import structlog
from prometheus_client import Counter as Metric

log = structlog.get_logger()

QUIET_SECONDS = 10.0


class Refusals:
    """One line a reason in `QUIET_SECONDS` at most, with the count since the last; the metric counts each.

    Reasons are a few constants of ours, never a stranger's words. Safe to share between threads.
    """

    def __init__(self, event: str, metric: Metric) -> None:
        self._event = event
        self._metric = metric
        self._untold: Counter[str] = Counter()
        self._told: dict[str, float] = {}

    def note(self, reason: str) -> None:
        """Count a refusal, and say so if this reason was not spoken of lately."""
        self._metric.labels(reason).inc()
        self._untold[reason] += 1
        now = time.monotonic()
        if now - self._told.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told[reason] = now
            log.warning(self._event, reason=reason, count=self._untold.pop(reason, 1))

    def close(self) -> None:
        """Say what was counted and not yet said."""
        for reason, count in self._untold.items():
            log.warning(self._event, reason=reason, count=count)
        self._untold.clear()
