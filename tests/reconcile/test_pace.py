"""Requests are spaced, and a pause postpones the next one."""

import time
from threading import Thread

from reconcile.pace import Pace, SharedPace


class Clock:
    """A clock that sleeping advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def times(pace: Pace, clock: Clock, count: int) -> list[float]:
    found = []
    for _ in range(count):
        pace.wait()
        found.append(round(clock.now, 6))
    return found


def paced(per_second: float) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(per_second, now=lambda: clock.now, sleep=clock.sleep), clock


def test_requests_are_spaced_evenly() -> None:
    pace, clock = paced(4)
    assert times(pace, clock, 4) == [0, 0.25, 0.5, 0.75]


def test_time_without_requests_allows_no_burst() -> None:
    pace, clock = paced(4)
    pace.wait()
    clock.now = 100
    assert times(pace, clock, 3) == [100, 100.25, 100.5]


def test_a_pause_postpones_the_next_request_and_a_shorter_one_does_not_end_it() -> None:
    pace, clock = paced(10)
    pace.wait()
    pace.pause(5)
    pace.pause(1)
    assert times(pace, clock, 2) == [5, 5.1]


def test_threads_share_one_pace() -> None:
    pace, waited = SharedPace(100), list[float]()

    def ask() -> None:
        for _ in range(5):
            pace.wait()
            waited.append(time.monotonic())

    threads = [Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(waited) == 20
    assert max(waited) - min(waited) >= 0.18
