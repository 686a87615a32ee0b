"""Equal timeouts for many futures with a single timer."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class Timeouts:
    """Sets `error` on each future that is not done within `seconds`.

    Since all timeouts are equal, they expire in the order in which they were added; a timer for each would cost more
    than reading a request.
    """

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._error = error
        # Holds futures only, not deliveries, so that a large delivery can be freed as soon as it is answered.
        self._futures: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def add(self, future: asyncio.Future[Any]) -> None:
        """Start the timeout of a future."""
        loop = future.get_loop()
        self._futures.append((loop.time() + self._seconds, future))
        if len(self._futures) == 1:
            loop.call_later(self._seconds, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._futures:
            due, future = self._futures[0]
            if not future.done():
                if loop.time() < due:
                    loop.call_at(due, self._expire, loop)
                    return
                future.set_exception(self._error())
            self._futures.popleft()
