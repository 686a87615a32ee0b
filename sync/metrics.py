"""The metrics of the worker."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

APPLY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LAG_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600)

PROCESSED = Counter("akako_events_processed_total", "Events that a worker has processed.", ["outcome"])
POSTPONED = Counter("akako_events_postponed_total", "Failed attempts that will be retried.", ["reason"])
PARKED = Counter("akako_events_parked_total", "Events parked after the last attempt.", ["reason"])
TASKS_FAILED = Counter("akako_tasks_failed_total", "Tasks that failed and are left to the sweep.", ["reason"])
REFUSED = Counter("akako_messages_refused_total", "Messages from Redis that were removed unused.", ["reason"])
ENQUEUED = Counter("akako_events_enqueued_total", "Due events that the sweep has enqueued.")
APPLIED_DIRECTLY = Counter("akako_events_applied_directly_total", "Events applied without the queue.")
EXPIRED = Counter("akako_roles_expired_total", "Roles recorded as expired.")
APPLY = Histogram("akako_apply_seconds", "Time to apply one set.", buckets=APPLY_SECONDS)
LAG = Histogram("akako_event_lag_seconds", "Time from storing an event to applying it.", buckets=LAG_SECONDS)


def note_processed(seconds: float, lags: Iterable[float], **outcomes: int) -> None:
    """Count a processed set: its duration, the lag of each event, and the number of events by outcome."""
    APPLY.observe(seconds)
    for lag in lags:
        LAG.observe(lag)
    for outcome, count in outcomes.items():
        if count:
            PROCESSED.labels(outcome).inc(count)
