"""Statistics: medians of rounds with their spread, percentiles of latencies, and ratios of neighbouring rounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of several rounds, with the minimum and the maximum."""

    median: float
    least: float
    most: float


def figure(rounds: Iterable[float]) -> Figure:
    """Summarise the rounds of one measurement."""
    values = list(rounds)
    return Figure(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """The ratio round by round, since neighbouring rounds ran under the same conditions."""
    return figure(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all values does not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
