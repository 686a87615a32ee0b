"""How much memory a service holds."""

import psutil


def resident(pid: int) -> list[float]:
    """Resident megabytes of a process and all below it, the largest first."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sorted((member.memory_info().rss / 1_000_000 for member in family), reverse=True)
