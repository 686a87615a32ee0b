"""Counts refusals and failures, and logs them at a limited rate, so that clients cannot fill the log."""

import threading
import time
from collections import Counter

import structlog
from prometheus_client import Counter as Metric

log = structlog.get_logger()

QUIET_SECONDS = 10.0


class RateLimitedLog:
    """Logs at most one line per reason in `QUIET_SECONDS`, with the count since the last one; the metric counts each.

    Reasons are a few constants, never input. Thread-safe: no count is lost or logged twice.
    """

    def __init__(self, event: str, metric: Metric) -> None:
        self._event = event
        self._metric = metric
        self._lock = threading.Lock()
        self._unlogged: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}

    def note(self, reason: str, **fields: str) -> None:
        """Count one; log it with these fields unless this reason was logged recently."""
        self._metric.labels(reason).inc()
        if count := self._due(reason):
            log.warning(self._event, reason=reason, count=count, **fields)

    def close(self) -> None:
        """Log what is counted and not logged yet."""
        with self._lock:
            unlogged, self._unlogged = self._unlogged, Counter()
        for reason, count in unlogged.items():
            log.warning(self._event, reason=reason, count=count)

    def _due(self, reason: str) -> int:
        """The count to log now, this one included; 0 if this reason was logged recently."""
        now = time.monotonic()
        with self._lock:
            self._unlogged[reason] += 1
            if now - self._logged_at.get(reason, -QUIET_SECONDS) < QUIET_SECONDS:
                return 0
            self._logged_at[reason] = now
            return self._unlogged.pop(reason)
