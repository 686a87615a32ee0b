"""Renders the verdicts as a table or JSON."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.faults.suite.verdict import Verdict

COLUMNS = ("times", "accepted", "lost", "twice", "failed requests", "recovery", "worst", "longest wait")


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print the table, followed by the errors."""
    table = Table("fault")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    table.add_column("")
    for verdict in verdicts:
        table.add_row(*cells(verdict), style=None if verdict.passed else "red")
    console.print(table)
    for verdict in verdicts:
        for line in verdict.wrong:
            console.print(f"{verdict.fault}: {line}", style="red", highlight=False)


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The table as Markdown."""
    rows = [cells(verdict) for verdict in verdicts]
    head = ["| fault | " + " | ".join(COLUMNS) + " | |", "|---|" + "--:|" * len(COLUMNS) + "---|"]
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def cells(verdict: Verdict) -> tuple[str, ...]:
    """The cells of one row."""
    return (
        verdict.fault,
        f"{verdict.times:,}",
        f"{verdict.accepted:,}",
        f"{verdict.lost:,}",
        f"{verdict.twice:,}",
        f"{verdict.failed:,}",
        seconds(verdict.median),
        seconds(verdict.worst),
        seconds(verdict.longest),
        verdict.note if verdict.passed else f"FAILED {verdict.note}".strip(),
    )


def plain(verdict: Verdict) -> dict[str, Any]:
    """One row as a JSON object."""
    return {
        "fault": verdict.fault,
        "times": verdict.times,
        "accepted": verdict.accepted,
        "lost": verdict.lost,
        "applied_twice": verdict.twice,
        "failed_requests": verdict.failed,
        "recovery_median_seconds": verdict.median,
        "recovery_worst_seconds": verdict.worst,
        "longest_wait_seconds": verdict.longest,
        "bound_seconds": verdict.bound,
        "interrupted": verdict.interrupted,
        "note": verdict.note,
        "wrong": verdict.wrong,
        "passed": verdict.passed,
    }


def seconds(value: float | None) -> str:
    """A duration, or a dash for None."""
    return "-" if value is None else f"{value:.2f} s"
