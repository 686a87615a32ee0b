"""Memory and CPU time of a service, including all its processes."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil


def resident(pid: int) -> list[float]:
    """Resident megabytes of a process and its descendants, largest first."""
    return sorted(_each(pid, lambda member: member.memory_info().rss / 1_000_000), reverse=True)


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its descendants, including those that have ended."""
    return sum(_each(pid, lambda member: sum(member.cpu_times()[:4])))


def cpu_seconds_of_children(pid: int) -> float:
    """The same without the process itself, which has imported the program before it forked."""
    own = psutil.Process(pid).cpu_times()
    return cpu_seconds(pid) - own.user - own.system


def _each(pid: int, figure: Callable[[psutil.Process], float]) -> Iterator[float]:
    """A figure of a process and of each descendant that does not end meanwhile."""
    process = psutil.Process(pid)
    yield figure(process)
    for member in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            yield figure(member)
