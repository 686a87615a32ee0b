"""Kills child process groups if their parent is killed and cannot clean up.

A small separate process reads the ids of process groups from a pipe, which closes when its writer dies for any reason.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO


class Reaper:
    """Tracks the process groups that this process has started; its own process runs only while there are any."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the reaper process. Call this before a group is started, so that no group is unprotected."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
            )

    def watch(self, group: int) -> None:
        """Kill this group if this program dies before `release`."""
        self._groups.add(group)
        self._send(f"+{group}")

    def release(self, group: int) -> None:
        """Stop watching this group."""
        if group in self._groups:
            self._groups.discard(group)
            self._send(f"-{group}")
        self.stop_if_idle()

    def stop_if_idle(self) -> None:
        """End the reaper process if there is no group to watch."""
        if not self._groups and self._process is not None:
            self._process.communicate()
            self._process = None

    def _send(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(f"{line}\n".encode())
                self._process.stdin.flush()


def guard(lines: IO[str]) -> None:
    """Read lines `+id` and `-id` until the writer has closed the pipe, then kill the groups that were not released."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
