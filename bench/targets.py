"""What was promised, beside what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Figure, figure, ratio
from bench.run import Results

RECEIVER_MB = 150.0
WORKER_MB = 200.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise: `wanted` as the least (or, with `at_most`, the greatest) value, and what it came to."""

    promise: str
    unit: str
    wanted: float
    at_most: bool
    reached: Figure

    @property
    def met(self) -> bool:
        """Whether the median keeps the promise."""
        return self.reached.median <= self.wanted if self.at_most else self.reached.median >= self.wanted


def judge(results: Results) -> list[Verdict]:
    """Every promise of the foundation, ratios first."""
    per_connections = [_receiver(results, count) for count in results.scale.connections]
    return [verdict for verdicts in zip(*per_connections, strict=True) for verdict in verdicts] + [
        _at_least("applying, ours to usual", 10, ratio(_applied(results, "ours"), _applied(results, "usual"))),
        _at_least(
            "applying, full to empty tables",
            0.8,
            ratio(_applied(results, "ours, full tables"), _applied(results, "ours")),
        ),
        _at_most("202 to role visible, p50", "ms", 100, results.visible.p50_ms),
        _at_most("202 to role visible, p99", "ms", 500, results.visible.p99_ms),
        _at_most("memory of the receiver", "MB", RECEIVER_MB, results.receiver_mb),
        _at_most("memory of the largest worker process", "MB", WORKER_MB, results.worker_mb[0]),
    ]


def _receiver(results: Results, connections: int) -> list[Verdict]:
    def rates(contender: str) -> list[float]:
        return received(results, contender, connections, "rate")

    def slowest(contender: str) -> list[float]:
        return received(results, contender, connections, "p99_ms")

    at = f"{connections} connections"
    return [
        _at_least(f"receiver, ours to usual, {at}", 8, ratio(rates("ours"), rates("usual"))),
        _at_least(f"receiver, ours to bare Starlette, {at}", 1 / 3, ratio(rates("ours"), rates("bare"))),
        Verdict(f"receiver's p99, ours to usual, {at}", "x", 1, True, ratio(slowest("ours"), slowest("usual"))),
        _at_least(f"receiver, full to empty tables, {at}", 0.8, ratio(rates("ours, full tables"), rates("ours"))),
    ]


def received(results: Results, contender: str, connections: int, name: str) -> list[float]:
    """One figure of a receiver, a round an entry."""
    rounds = (
        each.rounds for each in results.receiving if each.contender == contender and each.connections == connections
    )
    return [getattr(one, name) for one in next(rounds)]


def _applied(results: Results, contender: str) -> Sequence[float]:
    return [one.rate for each in results.applying if each.contender == contender for one in each.rounds]


def _at_least(promise: str, wanted: float, reached: Figure) -> Verdict:
    return Verdict(promise, "x", wanted, False, reached)


def _at_most(promise: str, unit: str, wanted: float, reached: float) -> Verdict:
    return Verdict(promise, unit, wanted, True, figure([reached]))
