"""Counts the processes that do the work: the one that answers Prometheus does not see them begin."""

from prometheus_client import Counter

STARTED = Counter("akako_processes_started_total", "Processes that began to work, first ones and replacements.")


def count_start() -> None:
    """This process begins to work."""
    STARTED.inc()
