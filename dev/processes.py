"""Several processes that run together and end together."""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from dev.process import PATIENCE_SECONDS, Process

LOOK_SECONDS = 0.2
RESTART_SECONDS = 1.0


class Server(Protocol):
    """A server that the processes use."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError if it does not."""

    def kill(self) -> None:
        """End what is left of it."""


class Processes:
    """Started on entering the `with` block, ended on leaving it, whatever happened in between."""

    def __init__(self, processes: Sequence[Process], start: Callable[[Process], object]) -> None:
        self._processes = processes
        self._start = start
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        try:
            for process in self._processes:
                self._start(process)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ended(self) -> list[Process]:
        """Those that run no more."""
        return [process for process in self._processes if not process.runs]

    def keep_running(self, say: Callable[[str], None], servers: Sequence[Server] = ()) -> None:
        """Start again whatever ends, of the servers too, until interrupted or told to stop."""
        while not self._stopped.wait(LOOK_SECONDS):
            for server in servers:
                if not server.runs:
                    _start_again(server, say)
            for process in self.ended():
                say(f"{process.name} ended ({outcome(process.code)}) and starts again in {RESTART_SECONDS:g} s")
                process.kill()
                if not self._stopped.wait(RESTART_SECONDS):
                    self._start(process)

    def stop(self) -> None:
        """Let `keep_running` come back: from now on nothing is started."""
        self._stopped.set()

    def end(self, patience: float = PATIENCE_SECONDS) -> None:
        """Ask all at once to end, wait for each, and kill what is left."""
        for process in self._processes:
            process.ask_to_end()
        deadline = time.monotonic() + patience
        for process in self._processes:
            process.end(max(0.0, deadline - time.monotonic()))


def _start_again(server: Server, say: Callable[[str], None]) -> None:
    say(f"{server.name} ended and starts again")
    server.kill()
    try:
        server.start()
    except RuntimeError as error:
        say(str(error))


def outcome(code: int | None) -> str:
    """How a process ended, in words."""
    if code is None:
        return "it did not start"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
