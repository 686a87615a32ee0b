"""One child process, the leader of a group of its own, so that ending it ends all that it started."""

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
"""How long a killed group may take to be gone: its members die at once, but are not all ours to collect."""
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
WATCHDOG = Reaper()


class Process:
    """A program that can be started, ended and killed, as often as one likes."""

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
        """Start the program; what it prints goes to `output`, or with `subprocess.PIPE` to the stream returned."""
        owner = {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        with signals.held():
            WATCHDOG.wake()
            try:
                self._child = subprocess.Popen(  # noqa: S603 - what it runs is our own
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
                WATCHDOG.rest()
                raise
            self._asked = self._killed = False
            WATCHDOG.watch(self._child.pid)
        return self._child.stdout

    def run(self, output: int | IO[bytes]) -> int:
        """Start the program, wait for its end and return its exit code; an interruption leaves nothing of it behind."""
        try:
            self.start(output)
            return self._child.wait() if self._child else 0
        finally:
            self.kill()

    @property
    def pid(self) -> int:
        """The process id of the newest start."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    @property
    def code(self) -> int | None:
        """How the program ended: its exit code, negative for a signal, or None while it runs."""
        return self._child.poll() if self._child else None

    @property
    def runs(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def ask_to_end(self) -> None:
        """Ask only the program itself, and once: it knows best how to end its own children."""
        if self._child is not None and self.runs and not self._asked:
            self._asked = True
            self._child.send_signal(self._end_signal)

    def end(self, patience: float = PATIENCE_SECONDS) -> None:
        """Ask the program to end, wait for it, and kill what is left of its group."""
        self.ask_to_end()
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(patience)
        self.kill()

    def kill(self) -> None:
        """Kill the program and its group at once, as `kill -9` does, and wait until none of them writes any more.

        Does nothing the second time: the group's number may belong to another program by then.
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
        WATCHDOG.release(self._child.pid)
