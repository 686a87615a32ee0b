"""When a part last moved, in memory that a process shares with the children it forks."""

import mmap
import struct
import threading
import time

_MOMENT = struct.Struct("d")
TICK_SECONDS = 1.0


class Progress:
    """A moment that any of the processes may renew and any may read. The clock is the machine's, not a process's."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _MOMENT.size)
        self.record()

    def record(self) -> None:
        """It moved just now."""
        _MOMENT.pack_into(self._memory, 0, time.monotonic())

    @property
    def stalled_seconds(self) -> float:
        """How long ago it last moved."""
        (moved,) = _MOMENT.unpack_from(self._memory)
        return max(0.0, time.monotonic() - float(moved))


class ProgressTicker:
    """Moves a pulse for as long as a task runs: how long that may be is for the task's time limits to say.

    What no time limit sees is a process that does not run at all, and then this does not run either.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._running = threading.Event()
        threading.Thread(target=self._tick, name="beacon", daemon=True).start()

    def begin_ticking(self, **_: object) -> None:
        """A task begins."""
        self._progress.record()
        self._running.set()

    def end_ticking(self, **_: object) -> None:
        """A task has ended."""
        self._running.clear()
        self._progress.record()

    def _tick(self) -> None:
        while self._running.wait():
            self._progress.record()
            time.sleep(TICK_SECONDS)
