"""What a service takes from the machine: memory and processor, of all its processes together."""

import psutil


def resident(pid: int) -> list[float]:
    """Resident megabytes of a process and all below it, the largest first."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sorted((member.memory_info().rss / 1_000_000 for member in family), reverse=True)


def cpu_seconds(pid: int) -> float:
    """Seconds of processor that a process and all below it took, those that ended included."""
    process = psutil.Process(pid)
    return sum(sum(member.cpu_times()[:4]) for member in (process, *process.children(recursive=True)))
