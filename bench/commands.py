"""Runs one command to its end, and measures its CPU time and memory."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from dev.process import SEARCH_PATH

LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended with exit code 0."""

    printed: str
    seconds: float
    cpu_seconds: float
    """In the process and in the kernel, without other processes."""
    largest_mb: float
    """The most memory that it had resident."""


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command that prints little. Raises RuntimeError if it fails."""
    start, largest = time.perf_counter(), 0.0
    known = {**os.environ, "PATH": SEARCH_PATH, **environment}
    with subprocess.Popen(command, env=known, stdout=subprocess.PIPE, text=True) as process:
        # Waited for here and not by `Popen`, which does not return the CPU time.
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            largest = max(largest, _peak(process.pid))
            time.sleep(LOOK_SECONDS)
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds, printed = time.perf_counter() - start, process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{printed}")
    return Ended(printed, seconds, usage.ru_utime + usage.ru_stime, largest)


def _peak(pid: int) -> float:
    """The megabytes that a process has had resident at most; where the system does not tell, those of now."""
    # Not `ru_maxrss`, which begins with the size of the process that started it.
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1_024 / 1e6
    with suppress(psutil.Error):
        return float(psutil.Process(pid).memory_info().rss / 1e6)
    return 0.0
