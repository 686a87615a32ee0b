"""Memory and CPU time of a service, including all its processes."""

import psutil


def resident(pid: int) -> list[float]:
    """Resident megabytes of a process and its descendants, largest first."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sorted((member.memory_info().rss / 1_000_000 for member in family), reverse=True)


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its descendants, including those that have ended."""
    process = psutil.Process(pid)
    return sum(sum(member.cpu_times()[:4]) for member in (process, *process.children(recursive=True)))
