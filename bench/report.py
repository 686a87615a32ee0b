"""The results as tables: on a terminal, and as the Markdown that `docs/benchmarks.md` shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, figure
from bench.run import Results
from bench.targets import Verdict, judge, received


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, all text."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def sheets(results: Results) -> list[Sheet]:
    """Everything that was measured, the promises first."""
    return [
        Sheet("Promised and reached", ("", "wanted", "reached", "least - most", "met"), _promises(judge(results))),
        Sheet(
            "Deliveries kept",
            ("receiver", "connections", "kept/s", "least - most", "p50 ms", "p99 ms", "not kept", "generator's core"),
            list(_received(results)),
        ),
        Sheet("Events applied, two worker processes", ("worker", "applied/s", "least - most"), list(_applied(results))),
        Sheet("From the answer to the role", ("", ""), _visible(results)),
        Sheet("Measured on", ("", ""), list(results.machine.items())),
    ]


def show(results: Results, console: Console) -> None:
    """Print every table."""
    for sheet in sheets(results):
        table = Table(*sheet.head, title=sheet.title, show_header=any(sheet.head))
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def markdown(results: Results) -> str:
    """Every table in Markdown."""
    return "\n".join(line for sheet in sheets(results) for line in _markdown(sheet))


def _markdown(sheet: Sheet) -> Iterator[str]:
    yield from (f"### {sheet.title}", "", f"| {' | '.join(sheet.head)} |", f"|{'---|' * len(sheet.head)}")
    yield from (f"| {' | '.join(row)} |" for row in sheet.rows)
    yield ""


def _promises(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    return [
        (
            verdict.promise,
            f"{'at most' if verdict.at_most else 'at least'} {verdict.wanted:.3g} {verdict.unit}",
            f"{verdict.reached.median:.3g} {verdict.unit}",
            _spread(verdict.reached),
            "yes" if verdict.met else "no",
        )
        for verdict in verdicts
    ]


def _received(results: Results) -> Iterator[tuple[str, ...]]:
    for each in results.receiving:
        rate, p50, p99, lost, busy = (
            figure(received(results, each.contender, each.connections, name))
            for name in ("rate", "p50_ms", "p99_ms", "not_kept", "generator_busy")
        )
        yield (
            each.contender,
            str(each.connections),
            f"{rate.median:,.0f}",
            _spread(rate),
            f"{p50.median:.1f}",
            f"{p99.median:.1f}",
            f"{lost.most:.0f}",
            f"{busy.median:.0%}",
        )


def _applied(results: Results) -> Iterator[tuple[str, ...]]:
    for each in results.applying:
        rate = figure(one.rate for one in each.rounds)
        yield each.contender, f"{rate.median:,.0f}", _spread(rate)


def _visible(results: Results) -> list[tuple[str, str]]:
    seen = results.visible
    return [
        ("deliveries", f"{seen.deliveries:,} at {seen.rate:g}/s, {seen.seen:,} roles seen"),
        (
            "202 to role visible",
            f"p50 {seen.p50_ms:.1f} ms, p99 {seen.p99_ms:.1f} ms, longest {seen.longest_ms:.1f} ms",
        ),
        ("due to 202", f"p50 {seen.answer_p50_ms:.1f} ms, p99 {seen.answer_p99_ms:.1f} ms"),
        ("receiver's memory", f"{results.receiver_mb:.0f} MB"),
        ("worker's memory", ", ".join(f"{megabytes:.0f} MB" for megabytes in results.worker_mb)),
    ]


def _spread(shown: Figure) -> str:
    return (
        f"{shown.least:,.3g} - {shown.most:,.3g}" if shown.most < 1_000 else f"{shown.least:,.0f} - {shown.most:,.0f}"
    )
