"""What the worker counts."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

APPLY_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LAG_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600)

PROCESSED = Counter("akako_events_processed_total", "Events that a worker was done with.", ["outcome"])
POSTPONED = Counter("akako_events_postponed_total", "Attempts that failed, and come again.", ["reason"])
PARKED = Counter("akako_events_parked_total", "Events that were set aside for a person.", ["reason"])
TASKS_FAILED = Counter("akako_tasks_failed_total", "Tasks that could not be done: the sweep comes again.", ["reason"])
REFUSED = Counter("akako_messages_refused_total", "Messages from Redis that are none of ours.", ["reason"])
ENQUEUED = Counter("akako_events_enqueued_total", "Due events that the sweep nudged.")
APPLIED_DIRECTLY = Counter(
    "akako_events_applied_directly_total", "Events that were applied while the queue took no messages."
)
EXPIRED = Counter("akako_roles_expired_total", "Roles whose end was written down.")
APPLY = Histogram("akako_apply_seconds", "What it took to apply one set.", buckets=APPLY_SECONDS)
LAG = Histogram("akako_event_lag_seconds", "From an event's being kept to its being applied.", buckets=LAG_SECONDS)


def note_processed(seconds: float, lags: Iterable[float], **outcomes: int) -> None:
    """Count a set that was applied: how long it took, how long each event had to wait, and what became of them."""
    APPLY.observe(seconds)
    for lag in lags:
        LAG.observe(lag)
    for outcome, count in outcomes.items():
        if count:
            PROCESSED.labels(outcome).inc(count)
