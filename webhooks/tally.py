"""Counts what was turned away, and says so without letting anybody fill the log."""

import time
from collections import Counter

import structlog
from prometheus_client import Counter as Metric

log = structlog.get_logger()

REFUSED = Metric("akako_deliveries_refused_total", "Requests that were refused as none of Clerk's.", ["reason"])
NOT_KEPT = Metric("akako_deliveries_not_kept_total", "Deliveries of Clerk's that were answered 503.", ["reason"])
NOT_NUDGED = Metric("akako_nudges_failed_total", "Messages to the workers that were left to the sweep.", ["reason"])

QUIET_SECONDS = 10.0


class Tally:
    """One line a reason in `QUIET_SECONDS` at most, with the count since the last; the metric counts each."""

    def __init__(self, event: str, metric: Metric) -> None:
        self._event = event
        self._metric = metric
        self._untold: Counter[str] = Counter()
        self._told: dict[str, float] = {}

    def note(self, reason: str, **said: str) -> None:
        """Count one, and say so with what else is to be said if this reason was not spoken of lately."""
        self._metric.labels(reason).inc()
        self._untold[reason] += 1
        now = time.monotonic()
        if now - self._told.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told[reason] = now
            log.warning(self._event, reason=reason, count=self._untold.pop(reason), **said)

    def close(self) -> None:
        """Say what was counted and not yet said."""
        for reason, count in self._untold.items():
            log.warning(self._event, reason=reason, count=count)
        self._untold.clear()
