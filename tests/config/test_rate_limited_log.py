import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from config.rate_limited_log import rate_limited


@pytest.fixture
def metric() -> Counter:
    return Counter("turned_away_total", "What was turned away.", ["reason"], registry=CollectorRegistry())


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_reason_is_told_once_in_a_while_and_the_rest_at_the_end(metric: Counter) -> None:
    tally = rate_limited("delivery.refused", metric)
    with capture_logs() as lines:
        for _ in range(1_000):
            tally.note("not_http")
        tally.note("head_too_slow")
        tally.close()
    assert [(line["reason"], line["count"]) for line in lines] == [
        ("not_http", 1),
        ("head_too_slow", 1),
        ("not_http", 999),
    ]


def test_the_line_says_what_else_there_is_to_say(metric: Counter) -> None:
    with capture_logs() as lines:
        rate_limited("delivery.not_stored", metric).note("away", why="connection refused")
    assert lines == [
        {
            "event": "delivery.not_stored",
            "log_level": "warning",
            "reason": "away",
            "count": 1,
            "why": "connection refused",
        }
    ]


@pytest.mark.usefixtures("restless")
def test_threads_that_share_it_lose_no_count_and_tell_none_twice(metric: Counter) -> None:
    tally = rate_limited("callers.not_found", metric)
    with capture_logs() as lines:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: tally.note("slow"), range(20_000)))
        tally.close()
    assert sum(line["count"] for line in lines) == 20_000
    assert [family.samples[0].value for family in metric.collect()] == [20_000]
