"""A moment by which something has to have happened."""

import asyncio
from collections.abc import Callable

from serving.rejection import RejectReason


class Deadline:
    """Calls `late` with a reason, unless it is lifted or set anew in time.

    Setting and lifting are assignments: a timer that comes too early looks when it should come and waits on, since a
    timer made and cancelled for each request costs more than reading it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, late: Callable[[RejectReason | None], None]) -> None:
        self._loop = loop
        self._late = late
        self._set: tuple[float, RejectReason | None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, reason: RejectReason | None) -> None:
        """From now on, so many seconds; what was set before is forgotten. Without a breach, being late is ordinary."""
        due = self._loop.time() + seconds
        self._set = due, reason
        if self._timer is None or due < self._timer.when():
            self._arm(due)

    def lift(self) -> None:
        """It happened, or does not matter any more."""
        self._set = None

    def end(self) -> None:
        """Nothing will be set any more."""
        self._set = None
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._set is None:
            return
        due, reason = self._set
        if self._loop.time() < due:
            self._arm(due)
        else:
            self._set = None
            self._late(reason)
