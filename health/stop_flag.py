"""Whether a process is being stopped, in memory that it shares with its forked children."""

import mmap


class StopFlag:
    """Set once, by the process that gets the signal; its children read it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self, **_: object) -> None:
        """The process is being stopped."""
        self._memory[0] = 1

    @property
    def is_set(self) -> bool:
        """Whether the process is being stopped."""
        return self._memory[0] == 1
