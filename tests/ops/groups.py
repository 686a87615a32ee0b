"""Finds what a command left running: processes that carry its mark in their environment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from config.settings import ApiSettings, MigrationSettings, ReceiverSettings, WorkerSettings

MARK = "AKAKO_TEST_MARK"
OURS = {
    name.upper()
    for kind in (MigrationSettings, ReceiverSettings, WorkerSettings, ApiSettings)
    for name in kind.model_fields
}
AKAKO = str(Path(sys.executable).with_name("akako"))


@contextmanager
def akako(mark: str, *arguments: str, output: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `akako` with a mark that its children inherit, in a group of its own as a shell would."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [AKAKO, *arguments],
            env={**clean, **environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def marked(mark: str) -> list[str]:
    """The command lines of the living processes with the mark."""
    return [line for process in psutil.process_iter() if (line := _command(process, mark))]


def _command(process: psutil.Process, mark: str) -> str | None:
    try:
        if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
            return f"{process.pid} {' '.join(process.cmdline())}"
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass
    return None


def until(condition: Callable[[], object], seconds: float = 90) -> None:
    """Wait for a condition; fail if it does not come true even in the time that a busy machine takes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
