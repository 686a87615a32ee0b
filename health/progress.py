"""The time of the last progress, in memory that a process shares with its forked children."""

import mmap
import struct
import threading
import time

_MOMENT = struct.Struct("d")
TICK_SECONDS = 1.0


class Progress:
    """A timestamp that each of the processes may update and read, by the monotonic clock of the host."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _MOMENT.size)
        self.record()

    def record(self) -> None:
        """Record progress now."""
        _MOMENT.pack_into(self._memory, 0, time.monotonic())

    @property
    def stalled_seconds(self) -> float:
        """Seconds since the last progress."""
        (recorded,) = _MOMENT.unpack_from(self._memory)
        return max(0.0, time.monotonic() - float(recorded))


class ProgressTicker:
    """Records progress every second while a task runs, since the task's time limits bound how long it may take.

    A process that is suspended is not detected by time limits; its ticker does not run either.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._running = threading.Event()
        threading.Thread(target=self._tick, name="ticker", daemon=True).start()

    def begin_ticking(self, **_: object) -> None:
        """Start ticking: a task starts."""
        self._progress.record()
        self._running.set()

    def end_ticking(self, **_: object) -> None:
        """Stop ticking: the task has ended."""
        self._running.clear()
        self._progress.record()

    def _tick(self) -> None:
        while self._running.wait():
            self._progress.record()
            time.sleep(TICK_SECONDS)
