"""Failures that pass are repeated with growing pauses; others are not."""

from collections.abc import Callable

import pytest

from clerk.http import ClerkUnavailable
from reconcile import retry
from reconcile.pace import Pace


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def pace(pauses: list[float]) -> Pace:
    now = [0.0]

    def sleep(seconds: float) -> None:
        pauses.append(round(seconds, 3))
        now[0] += seconds

    return Pace(1_000_000, now=lambda: now[0], sleep=sleep)


def failing(*failures: ClerkUnavailable) -> Callable[[], str]:
    left = list(failures)

    def request() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return request


def test_pauses_grow_up_to_a_minute(pace: Pace, pauses: list[float]) -> None:
    with pytest.raises(ClerkUnavailable):
        retry.ask(pace, failing(*[ClerkUnavailable("status 503")] * retry.TRIES))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_retry_after_is_respected(pace: Pace, pauses: list[float]) -> None:
    assert retry.ask(pace, failing(ClerkUnavailable("status 429", retry_after=17))) == "answer"
    assert pauses == [17]


def test_what_cannot_pass_is_not_repeated(pace: Pace, pauses: list[float]) -> None:
    with pytest.raises(ClerkUnavailable, match="status 401"):
        retry.ask(pace, failing(ClerkUnavailable("status 401", transient=False)))
    assert pauses == []


def test_each_attempt_is_announced(pace: Pace) -> None:
    announced: list[int] = []
    retry.ask(pace, failing(*[ClerkUnavailable("status 500")] * 2), before=lambda: announced.append(1))
    assert len(announced) == 3


def test_the_permission_to_ask_is_checked_after_each_wait() -> None:
    order: list[str] = []
    pace = Pace(1, now=lambda: 0.0 if "waited" not in order else 100.0, sleep=lambda _: order.append("waited"))
    pace.pause(50)
    retry.ask(pace, lambda: order.append("asked"), before=lambda: order.append("checked"))
    assert order[-2:] == ["checked", "asked"]


def test_a_long_retry_after_is_not_waited_for(pace: Pace, pauses: list[float]) -> None:
    with pytest.raises(ClerkUnavailable, match="in 86,400 seconds"):
        retry.ask(pace, failing(ClerkUnavailable("status 429", retry_after=86_400)))
    assert pauses == []
