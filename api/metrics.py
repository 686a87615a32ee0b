"""Prometheus metrics of the API."""

from prometheus_client import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REFUSED = Counter("akako_requests_refused_total", "Requests rejected before they reached an endpoint.", ["reason"])
ANSWERS = Counter("akako_api_answers_total", "Responses of the API.", ["method", "status"])
TOKENS_REFUSED = Counter("akako_tokens_refused_total", "Tokens that did not authenticate the caller.", ["reason"])
LOOKUPS_FAILED = Counter(
    "akako_lookups_failed_total", "Requests whose caller could not be looked up in the database.", ["reason"]
)
WAIT = Histogram(
    "akako_api_answer_seconds", "Seconds from the start of a request until its response starts.", buckets=SECONDS
)


def note_answer(method: str, status: int, seconds: float) -> None:
    """Count a response. Unknown methods are counted as `other`, so that clients cannot create label values."""
    ANSWERS.labels(method if method in METHODS else "other", str(status)).inc()
    WAIT.observe(seconds)


def note_refused_token(reason: str) -> None:
    """Count a token that was refused."""
    TOKENS_REFUSED.labels(reason).inc()


def note_failed_lookup(reason: str) -> None:
    """Count a caller who could not be looked up."""
    LOOKUPS_FAILED.labels(reason).inc()
