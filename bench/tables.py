"""The results as tables of text, for a terminal and for `docs/benchmarks.md`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.contenders import NAMES
from bench.figures import Figure, figure
from bench.rows import Results
from bench.targets import evaluate

Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    title: str
    head: Line
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Shape:
    """The table of a measure: heading and format of each figure; the first is shown with its spread."""

    measure: str
    title: str
    at: str
    columns: tuple[tuple[str, str, str], ...]


WAITS = (("p50 ms", "p50_ms", ",.1f"), ("p99 ms", "p99_ms", ",.1f"), ("p99.9 ms", "p999_ms", ",.1f"))
RATE = ("per second", "rate", ",.0f")
CPU = tuple((f"{name}, CPU s / 1,000", f"{name}_cpu", ".2f") for name in ("receiver", "worker", "postgres", "redis"))
MEMORY = tuple((f"{name} MB", f"{name}_mb", ",.0f") for name in ("receiver", "worker"))
LOST = ("answered, not stored", "not_stored", ",.0f")

SHAPES = (
    Shape("accepts", "Deliveries stored, as fast as answers come", "connections", (RATE, *WAITS, LOST)),
    Shape("steady", "Latency at a fixed rate, from when each was due", "per second", (*WAITS, ("stored/s", *RATE[1:]))),
    Shape("applies", "Events applied from a backlog", "processes", (RATE, ("largest MB", "largest_mb", ",.0f"))),
    Shape("visible", "From 202 to the role", "per second", (*WAITS, ("seen", "seen_share", ".0%"))),
    Shape("duplicates", "Duplicate deliveries", "deliveries", (RATE, *WAITS, LOST)),
    Shape(
        "burst",
        "A burst of 100,000, from empty to settled",
        "receivers",
        (RATE, ("settled", "settled", ",.0f"), *CPU, *MEMORY),
    ),
    Shape(
        "pairs",
        "The same with two receivers and two workers",
        "receivers",
        (RATE, ("settled", "settled", ",.0f"), *MEMORY),
    ),
    Shape("ceilings", "Ceilings", "batch or connections", (RATE,)),
    Shape("grown accepts", "With full tables: deliveries stored", "connections", (RATE, *WAITS)),
    Shape("grown applies", "With full tables: events applied", "processes", (RATE,)),
    Shape(
        "grown visible", "With full tables: from 202 to the role", "per second", (*WAITS, ("seen", "seen_share", ".0%"))
    ),
    Shape("guard", "What the guard costs", "connections", (RATE, *WAITS[:2], ("CPU µs each", "cpu_us", ",.0f"))),
    Shape(
        "reads",
        "Lists, details and figures of the API with full tables",
        "",
        (
            ("p95 ms", "p95_ms", ",.1f"),
            ("p50 ms", "p50_ms", ",.1f"),
            ("worst ms", "worst_ms", ",.1f"),
            ("first ms", "first_ms", ",.1f"),
        ),
    ),
    Shape("expiry", "`expire_roles`", "due", (RATE, ("seconds", "seconds", ",.0f"), ("MB grown", "grown_mb", ",.0f"))),
    Shape(
        "replay",
        "`akako events replay`",
        "events",
        (RATE, ("seconds", "seconds", ",.1f"), ("largest MB", "largest_mb", ",.0f")),
    ),
    Shape(
        "import",
        "`akako backfill` of new users, and events of new users",
        "users",
        (RATE, ("CPU s / 1,000, with postgres", "cpu", ".2f"), ("largest MB", "largest_mb", ",.0f")),
    ),
    Shape(
        "walk",
        "A walk over users who are stored already",
        "users",
        (
            ("CPU s / 1,000,000", "cpu", ",.0f"),
            ("postgres, CPU s / 1,000,000", "postgres_cpu", ",.0f"),
            ("largest MB", "largest_mb", ",.0f"),
            ("s / 1,000,000", "seconds", ",.0f"),
        ),
    ),
    Shape("migration", "Migration", "", (("seconds", "seconds", ",.1f"),)),
)


def sheets(results: Results) -> list[Sheet]:
    """All results, the targets first."""
    measured = [_sheet(results, shape) for shape in SHAPES if results.of(shape.measure)]
    return [_targets(results), *measured, Sheet("Measured on", ("", ""), list(results.machine.items()))]


def title(contender: str) -> str:
    """The title of a contender in tables and plots."""
    return NAMES[contender].title if contender in NAMES else contender.replace("akako", "Akako Sync")


def _targets(results: Results) -> Sheet:
    lines = [
        (
            verdict.target,
            f"{'at most' if verdict.at_most else 'at least'} {verdict.wanted:.3g} {verdict.unit}",
            f"{verdict.reached.median:.3g} {verdict.unit}",
            _spread(verdict.reached),
            "reached" if verdict.met else f"missed by {verdict.missing}",
        )
        for verdict in evaluate(results)
    ]
    return Sheet("Targets and results", ("", "target", "result", "min - max", ""), lines)


def _sheet(results: Results, shape: Shape) -> Sheet:
    first, *others = (heading for heading, _, _ in shape.columns)
    head = ("", shape.at, first, "min - max", *others, "rounds")
    return Sheet(shape.title, head, list(_lines(results, shape)))


def _lines(results: Results, shape: Shape) -> Iterator[Line]:
    for at in results.settings(shape.measure):
        for contender in results.contenders(shape.measure):
            rows = [row for row in results.of(shape.measure) if (row.contender, row.at) == (contender, at)]
            if rows:
                cells = [_cell([row.values.get(name) for row in rows], form) for _, name, form in shape.columns]
                spread = _spread(figure(row.values[shape.columns[0][1]] for row in rows))
                yield title(contender), f"{at:,}" if at else "", cells[0], spread, *cells[1:], str(len(rows))


def _cell(rounds: Sequence[float | None], form: str) -> str:
    values = [value for value in rounds if value is not None]
    return f"{figure(values).median:{form}}" if values else ""


def _spread(shown: Figure) -> str:
    form = ",.0f" if shown.most >= 1_000 else ".3g"
    return f"{shown.least:{form}} - {shown.most:{form}}"
