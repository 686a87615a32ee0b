"""A timeout that is cheap to set and to cancel."""

import asyncio
from collections.abc import Callable

from serving.rejection import RejectReason


class Deadline:
    """Calls `expired` with a reason, unless the deadline is cancelled or set again before it is due.

    Setting and cancelling only assign a value: a timer that fires too early is scheduled again for the current
    deadline, since creating and cancelling a timer for each request costs more than reading the request.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[RejectReason | None], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._current: tuple[float, RejectReason | None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, reason: RejectReason | None) -> None:
        """Replace the deadline by one in `seconds`. A reason of None means that expiry is not an error."""
        due = self._loop.time() + seconds
        self._current = due, reason
        if self._timer is None or due < self._timer.when():
            self._schedule(due)

    def cancel(self) -> None:
        """Cancel the deadline."""
        self._current = None

    def close(self) -> None:
        """Cancel the deadline and its timer for good."""
        self._current = None
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._current is None:
            return
        due, reason = self._current
        if self._loop.time() < due:
            self._schedule(due)
        else:
            self._current = None
            self._expired(reason)
