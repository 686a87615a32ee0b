"""The limits on requests: per secret key, and per user whose data or metadata is changed."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_SECONDS = 10.0
CHANGES_OF_A_USER = 10
REQUESTS = {"production": 1_000, "development": 100}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an instance allows; 0: no limit."""

    requests: int = REQUESTS["development"]
    """Requests in 10 seconds."""
    changes: int = CHANGES_OF_A_USER
    """Changes of one user in 10 seconds."""
    users: int = 100


UNLIMITED = Limits(requests=0, changes=0, users=0)


class RateLimit:
    """Counts what happened in the last 10 seconds, by key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}

    def wait(self, key: str, most: int) -> int | None:
        """Count one request; if there are too many already, the seconds until the next is possible."""
        now = self._clock()
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - WINDOW_SECONDS:
            seen.popleft()
        if most and len(seen) >= most:
            return max(1, math.ceil(seen[0] + WINDOW_SECONDS - now))
        seen.append(now)
        return None
