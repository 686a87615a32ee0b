"""What the receiver counts: refusals one by one, everything else once a batch."""

from collections import Counter as Count
from collections.abc import Sequence
from itertools import chain
from typing import get_args

from prometheus_client import Counter, Histogram

from clerk.signature import Reason
from db.events import NewEvent
from serving.rejection import RejectReason
from webhooks.outcome import Outcome, Why

COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)

REFUSED = Counter("akako_deliveries_refused_total", "Requests that were refused as none of Clerk's.", ["reason"])
NOT_KEPT = Counter("akako_deliveries_not_stored_total", "Deliveries of Clerk's that were answered 503.", ["reason"])
NOT_NUDGED = Counter("akako_enqueue_failures_total", "Messages to the workers that were left to the sweep.", ["reason"])
KEPT = Counter("akako_deliveries_stored_total", "Deliveries that are safely kept.", ["outcome"])
DIFFERENT = Counter(
    "akako_deliveries_conflicting_total", "Repeated deliveries whose signed body was not that of the stored event."
)
VERIFIED = Counter(
    "akako_deliveries_verified_total", "Kept deliveries, by the fingerprint of the secret that fitted.", ["secret"]
)
BATCH = Histogram("akako_intake_batch_deliveries", "Deliveries that were kept in one commit.", buckets=SIZES)
WAIT = Histogram(
    "akako_intake_wait_seconds", "What the first of each batch waited until it was kept.", buckets=COMMIT_SECONDS
)

# From the beginning, so that Prometheus sees the first of each as an increase, and none as zero and not as unknown.
for known in chain(Reason, RejectReason):
    REFUSED.labels(known)
for why in get_args(Why):
    NOT_KEPT.labels(why)
for outcome in Outcome:
    KEPT.labels(outcome)


def note_kept(batch: Sequence[NewEvent], fresh: int, waited_seconds: float) -> None:
    """Count a batch that was committed."""
    KEPT.labels("accepted").inc(fresh)
    KEPT.labels("duplicate").inc(len(batch) - fresh)
    for secret, count in Count([kept.verified_by for kept in batch]).items():
        VERIFIED.labels(secret).inc(count)
    BATCH.observe(len(batch))
    WAIT.observe(waited_seconds)
