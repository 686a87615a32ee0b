"""A moment by which something has to have happened."""

import asyncio
from collections.abc import Callable

from webhooks.refusal import Breach


class Deadline:
    """Calls `late` with a reason, unless it is lifted or set anew in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, late: Callable[[Breach], None]) -> None:
        self._loop = loop
        self._late = late
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, breach: Breach) -> None:
        """From now on, so many seconds; what was set before is forgotten."""
        self.lift()
        self._timer = self._loop.call_later(seconds, self._late, breach)

    def lift(self) -> None:
        """It happened, or does not matter any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
