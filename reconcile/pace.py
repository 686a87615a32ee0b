"""Spaces requests to Clerk, and holds all of them while Clerk says that there were too many."""

import time
from collections.abc import Callable

LIVE_PER_SECOND = 20.0
TEST_PER_SECOND = 2.0
"""A fifth of Clerk's limits: 1,000 requests in 10 s with a live key, 100 with a test key. Others use them, too."""


def default_rate(secret_key: str) -> float:
    """Requests per second for a secret key."""
    return LIVE_PER_SECOND if secret_key.startswith("sk_live_") else TEST_PER_SECOND


class Pace:
    """At most one request per interval; a pause postpones the next one. For one thread."""

    def __init__(
        self,
        per_second: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._now = now
        self._sleep = sleep
        self._next = now()

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        while (seconds := self._next - self._now()) > 0:
            self._sleep(seconds)
        self._next = self._now() + self._interval

    def pause(self, seconds: float) -> None:
        """Send no request for this time."""
        self._next = max(self._next, self._now() + seconds)
