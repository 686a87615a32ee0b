"""Counts and logs what was refused, without letting strangers fill the log."""

import time
from collections import Counter

import structlog
from prometheus_client import Counter as Metric

from clerk.signature import Reason

log = structlog.get_logger()

REFUSED = Metric("akako_deliveries_refused_total", "Requests to the webhook that were refused.", ["reason"])

QUIET_SECONDS = 10.0


class Refusals:
    """One line a reason in `QUIET_SECONDS` at most, with the count since the last; the metric counts each."""

    def __init__(self) -> None:
        self._untold: Counter[Reason] = Counter()
        self._told: dict[Reason, float] = {}

    def note(self, reason: Reason) -> None:
        """Count a refusal, and say so if this reason was not spoken of lately."""
        REFUSED.labels(reason.value).inc()
        self._untold[reason] += 1
        now = time.monotonic()
        if now - self._told.get(reason, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told[reason] = now
            log.warning("delivery.refused", reason=reason.value, count=self._untold.pop(reason))

    def close(self) -> None:
        """Say what was counted and not yet said."""
        for reason, count in self._untold.items():
            log.warning("delivery.refused", reason=reason.value, count=count)
        self._untold.clear()
