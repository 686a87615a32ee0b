"""Kills what is left when the program that started it is killed itself and can clear up nothing.

A tiny process of its own reads the ids of process groups from a pipe. The pipe closes when its writer dies, whatever
it died of.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO


class Reaper:
    """Knows the running groups of this process; exists only while there are any."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def wake(self) -> None:
        """Be there before the next group is, so that it is not for an instant without."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
            )

    def watch(self, group: int) -> None:
        """Kill this group if this program dies before `release`."""
        self._groups.add(group)
        self._tell(f"+{group}")

    def release(self, group: int) -> None:
        """The group is gone, or may live on."""
        if group in self._groups:
            self._groups.discard(group)
            self._tell(f"-{group}")
        self.rest()

    def rest(self) -> None:
        """Leave, if there is nothing to watch."""
        if not self._groups and self._process is not None:
            self._process.communicate()
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


def guard(lines: IO[str]) -> None:
    """Read `+id` and `-id` until the writer is gone, then kill the groups that were not released."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
