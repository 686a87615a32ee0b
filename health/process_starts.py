"""Counts process starts in the started processes, since the process that serves metrics does not notice them."""

from prometheus_client import Counter

STARTED = Counter("akako_processes_started_total", "Process starts, including replacements.")


def count_start() -> None:
    """Count the start of this process."""
    STARTED.inc()
