"""Renders the tables of a run for a terminal and as Markdown."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from bench.rows import Results
from bench.tables import Sheet, sheets


def show(results: Results, console: Console) -> None:
    """Print every table."""
    for sheet in sheets(results):
        table = Table(*sheet.head, title=sheet.title, title_justify="left", show_header=any(sheet.head))
        for line in sheet.lines:
            table.add_row(*line)
        console.print(table)


def markdown(sheet: Sheet) -> Iterator[str]:
    """One table in Markdown with its heading."""
    yield from (f"### {sheet.title}", "", f"| {' | '.join(sheet.head)} |", f"|{'---|' * len(sheet.head)}")
    yield from (f"| {' | '.join(line)} |" for line in sheet.lines)
    yield ""
