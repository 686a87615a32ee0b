"""The receiver's metrics: refusals are counted individually, everything else once per batch."""

from collections import Counter as Count
from collections.abc import Sequence
from itertools import chain
from typing import get_args

from prometheus_client import Counter, Histogram

from clerk.signature import Reason
from db.events import NewEvent
from serving.rejection import RejectReason
from webhooks.outcome import Outcome, UnavailableReason

COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)

REFUSED = Counter("akako_deliveries_refused_total", "Requests refused as not valid deliveries from Clerk.", ["reason"])
NOT_STORED = Counter("akako_deliveries_not_stored_total", "Valid deliveries that were answered with 503.", ["reason"])
ENQUEUE_FAILURES = Counter(
    "akako_enqueue_failures_total",
    "Messages that could not be sent (the sweep enqueues their events), and failed checks of Redis at start.",
    ["reason"],
)
STORED = Counter("akako_deliveries_stored_total", "Deliveries that were stored or were duplicates.", ["outcome"])
CONFLICTING = Counter(
    "akako_deliveries_conflicting_total", "Repeated deliveries whose signed body differs from the stored event."
)
VERIFIED = Counter(
    "akako_deliveries_verified_total",
    "Stored or duplicate deliveries, by fingerprint of the signing secret.",
    ["secret"],
)
BATCH = Histogram("akako_intake_batch_deliveries", "Deliveries per commit.", buckets=SIZES)
WAIT = Histogram(
    "akako_intake_wait_seconds",
    "Time from the arrival of the first delivery of a batch to its commit.",
    buckets=COMMIT_SECONDS,
)

# Created at start, so that Prometheus reports zero instead of no data and sees the first increment as an increase.
for known_reason in chain(Reason, RejectReason):
    REFUSED.labels(known_reason)
for reason in get_args(UnavailableReason):
    NOT_STORED.labels(reason)
for outcome in Outcome:
    STORED.labels(outcome)


def note_stored(batch: Sequence[NewEvent], fresh: int, waited_seconds: float) -> None:
    """Count a committed batch."""
    STORED.labels("accepted").inc(fresh)
    STORED.labels("duplicate").inc(len(batch) - fresh)
    for secret, count in Count([event.verified_by for event in batch]).items():
        VERIFIED.labels(secret).inc(count)
    BATCH.observe(len(batch))
    WAIT.observe(waited_seconds)
