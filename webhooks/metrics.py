"""What the receiver counts."""

from prometheus_client import Counter as Metric

REFUSED = Metric("akako_deliveries_refused_total", "Requests that were refused as none of Clerk's.", ["reason"])
NOT_KEPT = Metric("akako_deliveries_not_kept_total", "Deliveries of Clerk's that were answered 503.", ["reason"])
NOT_NUDGED = Metric("akako_nudges_failed_total", "Messages to the workers that were left to the sweep.", ["reason"])
