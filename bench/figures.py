"""Figures with their spread: medians of rounds, percentiles of latencies, ratios of rounds run side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of several rounds, with the least and the most of them."""

    median: float
    least: float
    most: float


def figure(rounds: Iterable[float]) -> Figure:
    """The rounds of one measurement as one figure."""
    values = list(rounds)
    return Figure(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Round by round, since neighbouring rounds saw the same machine."""
    return figure(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all does not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
