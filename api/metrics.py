"""What the API counts."""

from prometheus_client import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REFUSED = Counter(
    "akako_requests_refused_total", "Requests that were refused before anybody looked what they ask.", ["reason"]
)
ANSWERS = Counter("akako_api_answers_total", "Answers of the API.", ["method", "status"])
WAIT = Histogram("akako_api_answer_seconds", "What an answer of the API took to begin.", buckets=SECONDS)


def note_answer(method: str, status: int, seconds: float) -> None:
    """Count an answer. A method of a stranger's own making has no name here."""
    ANSWERS.labels(method if method in METHODS else "other", str(status)).inc()
    WAIT.observe(seconds)
