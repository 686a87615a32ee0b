"""How long those who wait are left waiting: equally long, so that one timer serves them all."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class Timeouts:
    """Gives every answer that does not come within `seconds` the error that says so.

    Deadlines fall due in the order in which they were given; a timer for each would cost more than reading a request.
    """

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds = seconds
        self._error = error
        # Answers only, not what they are about: a large delivery is let go as soon as it is answered.
        self._given: deque[tuple[float, asyncio.Future[Any]]] = deque()

    def give(self, answer: asyncio.Future[Any]) -> None:
        """Wait for an answer from now on."""
        loop = answer.get_loop()
        self._given.append((loop.time() + self._seconds, answer))
        if len(self._given) == 1:
            loop.call_later(self._seconds, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._given:
            due, answer = self._given[0]
            if not answer.done():
                if loop.time() < due:
                    loop.call_at(due, self._look, loop)
                    return
                answer.set_exception(self._error())
            self._given.popleft()
