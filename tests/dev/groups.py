"""Runs `akako` with a mark, by which the processes that it leaves running are found.

The mark is in their environment and in the name of the directory of their files: root in a container may not be
permitted to read the environment of other users' processes, such as PostgreSQL's.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from config.settings import ApiSettings, MigrationSettings, ReceiverSettings, ReconcileSettings, WorkerSettings

MARK = "AKAKO_TEST_MARK"
OURS = {
    name.upper()
    for kind in (MigrationSettings, ReceiverSettings, WorkerSettings, ReconcileSettings, ApiSettings)
    for name in kind.model_fields
}
AKAKO = str(Path(sys.executable).with_name("akako"))


@contextmanager
def akako(mark: str, *arguments: str, output: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `akako` with a mark that its children inherit, in its own process group as a shell does."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    files = output.parent / mark
    files.mkdir(exist_ok=True)
    with output.open("wb") as file:
        process = subprocess.Popen(
            [AKAKO, *arguments],
            env={**clean, **environment, MARK: mark, "TMPDIR": str(files)},
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
    """Process id and command line of each running process with the mark."""
    return [line for process in psutil.process_iter() if (line := _command(process, mark))]


def _command(process: psutil.Process, mark: str) -> str | None:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        if process.status() != psutil.STATUS_ZOMBIE:
            command = " ".join(process.cmdline())
            if f"/{mark}" in command or _has_in_environment(process, mark):
                return f"{process.pid} {command}"
    return None


def _has_in_environment(process: psutil.Process, mark: str) -> bool:
    with suppress(psutil.AccessDenied):
        return process.environ().get(MARK) == mark
    return False


def until(condition: Callable[[], object], seconds: float = 90, pause: float = 0.02) -> None:
    """Wait for a condition; fail after a timeout that is long enough for a busy machine.

    Use a longer pause for an expensive condition such as `marked`, which would otherwise keep a core busy.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(pause)
