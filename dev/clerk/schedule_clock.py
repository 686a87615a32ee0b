"""The clock of the retry schedule, which can run faster than time and be advanced.

Signatures always carry the real time: a receiver with a real clock would refuse any other.
"""

import time
from collections.abc import Callable


class ScheduleClock:
    """Seconds since 1970 plus whatever it was advanced by."""

    def __init__(self, wall: Callable[[], float] = time.time, *, offset: float = 0, speed: float = 1) -> None:
        self._wall = wall
        self._started = wall()
        self._base = self._started + offset
        self.speed = speed

    def now(self) -> float:
        """The current time of the schedule."""
        return self._base + (self._wall() - self._started) * self.speed

    @property
    def offset(self) -> float:
        """How far it is ahead of the wall clock, in seconds."""
        return self.now() - self._wall()

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass at once."""
        self._base += seconds

    def accelerate(self, speed: float) -> None:
        """Run at that multiple of time from now on."""
        self._base, self._started, self.speed = self.now(), self._wall(), speed
