"""A child process that leads its own process group, so that it is stopped together with its children."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from dev import signals
from dev.reaper import Reaper

PATIENCE_SECONDS = 10.0
DYING_SECONDS = 2.0
"""How long to wait for a killed group to disappear: its members die at once, but not all are our children to reap."""
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
REAPER = Reaper()


class Process:
    """A program that can be started, stopped and killed repeatedly."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        directory: Path | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._environment = {**os.environ, "PATH": SEARCH_PATH, **(environment or {})}
        self._user = user
        self._directory = directory
        self._end_signal = end_signal
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = False
        self._killed = False

    def start(self, output: int | IO[bytes]) -> IO[bytes] | None:
        """Start the program; its output goes to `output`, or with `subprocess.PIPE` to the stream returned."""
        owner = {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        with signals.deferred():
            REAPER.start()
            try:
                self._child = subprocess.Popen(  # noqa: S603 - only our own commands
                    self._arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    cwd=self._directory,
                    start_new_session=True,
                    **owner,  # type: ignore[call-overload]
                )
            except OSError:
                REAPER.stop_if_idle()
                raise
            self._asked = self._killed = False
            REAPER.watch(self._child.pid)
        return self._child.stdout

    def run(self, output: int | IO[bytes]) -> int:
        """Run the program and return its exit code; an interruption kills its whole group."""
        try:
            self.start(output)
            return self._child.wait() if self._child else 0
        finally:
            self.kill()

    @property
    def pid(self) -> int:
        """The process id of the last start. Raises RuntimeError if it was never started."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while the program runs."""
        return self._child.poll() if self._child else None

    @property
    def runs(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def ask_to_end(self) -> None:
        """Send the end signal once, to the program only: it stops its own children."""
        if self._child is not None and self.runs and not self._asked:
            self._asked = True
            self._child.send_signal(self._end_signal)

    def end(self, patience: float = PATIENCE_SECONDS) -> None:
        """Send the end signal, wait for the program, and kill the rest of its group."""
        self.ask_to_end()
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(patience)
        self.kill()

    def kill(self) -> None:
        """Kill the program and its group with SIGKILL, and wait until no member is left.

        Does nothing the second time: the group id may have been reused by then.
        """
        if self._child is None or self._killed:
            return
        deadline = time.monotonic() + DYING_SECONDS
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            while time.monotonic() < deadline:
                os.killpg(self._child.pid, 0)
                time.sleep(0.002)
        self._child.wait()
        self._killed = True
        REAPER.release(self._child.pid)
