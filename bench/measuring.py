"""All measures by the names that `--only` accepts, in the order of a run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measures import (
    accepts,
    applies,
    backfill,
    burst,
    ceilings,
    expiry,
    grown,
    guard,
    migration,
    reads,
    replay,
    visible,
)
from bench.rows import Row
from bench.setup import Setup


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure and the rows that it yields."""

    description: str
    rows: Callable[[Setup], Iterator[Row]]
    yields: tuple[str, ...]
    """The names of its rows."""
    quick: bool = False
    """Whether it is part of the quick run."""


MEASURES = {
    "accepts": Measure("durable accepts/s and latency", accepts.closed_loop, ("accepts",), quick=True),
    "steady": Measure("latency at a fixed rate", accepts.steady, ("steady",), quick=True),
    "applies": Measure("applies/s from a backlog", applies.applies, ("applies",), quick=True),
    "visible": Measure("time from the 202 to the role", visible.visible, ("visible",), quick=True),
    "duplicates": Measure("duplicate deliveries", accepts.duplicates, ("duplicates",)),
    "burst": Measure("a burst until settled; CPU and memory", burst.burst, ("burst",)),
    "pairs": Measure("the same with two receivers and two workers", burst.pairs, ("pairs",)),
    "ceilings": Measure("driver, Redis and load generator alone", ceilings.ceilings, ("ceilings",)),
    "guard": Measure("guarded requests/s", guard.guard, ("guard",)),
    "expiry": Measure("`expire_roles` with many due roles", expiry.expire, ("expiry",)),
    "replay": Measure("`akako events replay` of many events", replay.replay, ("replay",)),
    "import": Measure("`akako backfill` of new users", backfill.imports, ("import",), quick=True),
    "walk": Measure("a walk over users who are stored: CPU, memory", backfill.walks, ("walk",), quick=True),
    "grown": Measure(
        "the main figures with full tables",
        grown.grown,
        ("grown accepts", "grown applies", "grown visible"),
    ),
    "reads": Measure("lists and details of the API with full tables", reads.reads, ("reads",)),
    "migration": Measure("migration of an empty and of a full database", migration.migrate, ("migration",)),
}
