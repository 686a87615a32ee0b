"""Runs several processes together."""

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
        """The name of the server in messages."""

    @property
    def runs(self) -> bool:
        """Whether the server was started and has not ended."""

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError if it does not."""

    def kill(self) -> None:
        """Kill the server and its children."""


class Processes:
    """Processes that start on entering the `with` block and stop on leaving it."""

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
        """The processes that have ended."""
        return [process for process in self._processes if not process.runs]

    def keep_running(self, say: Callable[[str], None], servers: Sequence[Server] = ()) -> None:
        """Restart processes and servers that end, until interrupted or `stop` is called."""
        while not self._stopped.wait(LOOK_SECONDS):
            for server in servers:
                if not server.runs:
                    _restart(server, say)
            for process in self.ended():
                say(f"{process.name} ended ({outcome(process.code)}); restarting in {RESTART_SECONDS:g} s")
                process.kill()
                if not self._stopped.wait(RESTART_SECONDS):
                    self._start(process)

    def stop(self) -> None:
        """Make `keep_running` return; nothing is restarted any more."""
        self._stopped.set()

    def end(self, patience: float = PATIENCE_SECONDS) -> None:
        """Send all processes the end signal, wait for each, and kill the rest."""
        for process in self._processes:
            process.ask_to_end()
        deadline = time.monotonic() + patience
        for process in self._processes:
            process.end(max(0.0, deadline - time.monotonic()))


def _restart(server: Server, say: Callable[[str], None]) -> None:
    say(f"{server.name} ended; restarting")
    server.kill()
    try:
        server.start()
    except RuntimeError as error:
        say(str(error))


def outcome(code: int | None) -> str:
    """A description of an exit code."""
    if code is None:
        return "not started"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
