"""Everything that can be measured, by the name that `--only` takes, in the order of a run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.measures import accepts, applies, burst, ceilings, expiry, grown, guard, migration, replay, visible
from bench.rows import Row
from bench.setup import Setup


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure: what it asks, and the rows it yields."""

    asks: str
    rows: Callable[[Setup], Iterator[Row]]
    yields: tuple[str, ...]
    """The names of its rows."""
    quick: bool = False
    """Whether it has a place in the quick run."""


MEASURES = {
    "accepts": Measure("durable accepts/s and waits", accepts.closed_loop, ("accepts",), quick=True),
    "steady": Measure("waits at a fixed rate", accepts.steady, ("steady",), quick=True),
    "applies": Measure("applies/s from a backlog", applies.applies, ("applies",), quick=True),
    "visible": Measure("from 202 to the role", visible.visible, ("visible",), quick=True),
    "duplicates": Measure("a storm of duplicates", accepts.duplicates, ("duplicates",)),
    "burst": Measure("a burst, settled; processor and memory", burst.burst, ("burst",)),
    "pairs": Measure("the same with two receivers and two workers", burst.pairs, ("pairs",)),
    "ceilings": Measure("what driver, Redis and generator do alone", ceilings.ceilings, ("ceilings",)),
    "guard": Measure("guarded requests/s", guard.guard, ("guard",)),
    "expiry": Measure("`expire_roles` with very many due", expiry.expire, ("expiry",)),
    "replay": Measure("`akako events replay` of very many events", replay.replay, ("replay",)),
    "grown": Measure(
        "the main figures with full tables",
        grown.grown,
        ("grown accepts", "grown applies", "grown visible"),
    ),
    "migration": Measure("migration of an empty and of the full database", migration.migrate, ("migration",)),
}
