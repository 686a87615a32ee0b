"""Spaces requests to Clerk, and holds all of them while Clerk says that there were too many."""

import time
from collections.abc import Callable
from threading import Lock


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


class SharedPace(Pace):
    """The same for several threads, which wait for one another."""

    def __init__(self, per_second: float) -> None:
        super().__init__(per_second)
        self._lock = Lock()

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            super().wait()
