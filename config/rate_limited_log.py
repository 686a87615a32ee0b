"""Counts refusals and failures, and logs them at a limited rate, so that clients cannot fill the log."""

import structlog
from prometheus_client import Counter

from akako_guard.log import RateLimitedLog

log = structlog.get_logger()


def rate_limited(event: str, metric: Counter) -> RateLimitedLog:
    """A log that writes at most one line per reason in ten seconds; the metric counts each occurrence."""
    return RateLimitedLog(event, lambda reason: metric.labels(reason).inc(), log.warning)
