"""Compares the measured figures with their targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Figure, figure, ratio
from bench.rows import Results

OURS, NODE = "akako", "node"
CONNECTIONS = (32, 128)
READ_LIMITS = {"list": 25.0, "details": 25.0, "health": 25.0, "chart": 50.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One target with its result: `wanted` is the minimum, or with `at_most` the maximum."""

    target: str
    unit: str
    wanted: float
    at_most: bool
    reached: Figure

    @property
    def met(self) -> bool:
        """Whether the median reaches the target."""
        return self.reached.median <= self.wanted if self.at_most else self.reached.median >= self.wanted

    @property
    def missing(self) -> str:
        """By how much the target is missed, in percent of `wanted`; empty if it is met."""
        return "" if self.met else f"{abs(self.reached.median / self.wanted - 1):.0%}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of a measure, to compare two contenders."""

    results: Results
    measure: str
    name: str
    at: int

    def ratio(self, one: str, other: str) -> Figure | None:
        """The ratio of the first contender to the second; None if either was not measured."""
        pairs = list(zip(self._rounds(one), self._rounds(other), strict=False))
        divisible = [(first, second) for first, second in pairs if second]
        return ratio(*zip(*divisible, strict=True)) if divisible else None

    def _rounds(self, contender: str) -> Sequence[float]:
        rows = [row for row in self.results.of(self.measure) if (row.contender, row.at) == (contender, self.at)]
        return [row.values[self.name] for row in rows if self.name in row.values]


def evaluate(results: Results) -> list[Verdict]:
    """Evaluate every target for which there are rows."""
    return [
        *_accepts(results),
        *_steady(results),
        *_applies(results),
        *_growth(results),
        *_node(results),
        *_limits(results),
        *_backfill(results),
        *_reads(results),
    ]


def _accepts(results: Results) -> Iterator[Verdict]:
    peers = (("delay_id", "peer 3", 10.0), ("delay_payload", "peer 2", 4.0), ("bare", "bare Starlette", 0.5))
    for peer, title, wanted in peers:
        for at in CONNECTIONS:
            found = Compared(results, "accepts", "rate", at).ratio(OURS, peer)
            yield from _at_least(f"accepts relative to {title}, {at} connections", wanted, found)


def _steady(results: Results) -> Iterator[Verdict]:
    for rate in results.settings("steady"):
        for peer in results.contenders("steady"):
            if peer not in (OURS, "bare"):
                found = Compared(results, "steady", "p99_ms", rate).ratio(OURS, peer)
                yield from _at_most(f"p99 at {rate}/s relative to {peer}", "x", 1, found)


def _applies(results: Results) -> Iterator[Verdict]:
    for peer, title in (("delay_payload", "peer 2"), ("delay_id", "peer 3")):
        yield from _at_least(
            f"applies relative to {title}", 15, Compared(results, "applies", "rate", 2).ratio(OURS, peer)
        )


def _growth(results: Results) -> Iterator[Verdict]:
    for at in results.settings("grown accepts"):
        found = Compared(results, "grown accepts", "rate", at).ratio("akako, grown", OURS)
        yield from _at_least(f"accepts, full tables relative to empty, {at} connections", 0.9, found)
    found = Compared(results, "grown applies", "rate", 2).ratio("akako, grown", OURS)
    yield from _at_least("applies, full tables relative to empty", 0.9, found)
    for rate in results.settings("grown visible"):
        found = Compared(results, "grown visible", "p50_ms", rate).ratio("akako, grown", OURS)
        yield from _at_most(f"202 to role, p50 at {rate}/s, full tables relative to empty", "x", 1 / 0.9, found)


def _node(results: Results) -> Iterator[Verdict]:
    """Better than Node in every row: a higher rate and a shorter wait."""
    for measure in ("accepts", "applies", "duplicates", "burst", "pairs"):
        for at in results.settings(measure):
            found = Compared(results, measure, "rate", at).ratio(OURS, NODE)
            yield from _at_least(f"{measure} relative to Node, {_setting(measure, at)}", 1, found)
    for rate in results.settings("visible"):
        found = Compared(results, "visible", "p50_ms", rate).ratio(OURS, NODE)
        yield from _at_most(f"202 to role, p50 at {rate}/s relative to Node", "x", 1, found)


def _limits(results: Results) -> Iterator[Verdict]:
    for rate in (200,):
        for name, limit in (("p50_ms", 100.0), ("p99_ms", 500.0)):
            if rounds := results.rounds("visible", OURS, rate, name):
                yield from _at_most(f"202 to role, {name[:-3]} at {rate}/s", "ms", limit, figure(rounds))
    for name, limit in (("receiver_mb", 150.0), ("worker_mb", 200.0)):
        if rounds := results.rounds("burst", OURS, 1, name):
            yield from _at_most(f"memory of the largest {name[:-3]} process", "MB", limit, figure(rounds))


def _backfill(results: Results) -> Iterator[Verdict]:
    for at in results.settings("import"):
        found = Compared(results, "import", "rate", at).ratio("akako, backfill", "akako, events")
        yield from _at_least("users imported relative to events applied", 0.5, found)
    for at in results.settings("walk"):
        for name, title in (("akako, backfill", "`akako backfill`"), ("akako, reconciling", "reconciling")):
            for value, figures, unit, most in (("cpu", "CPU of", "s", 60.0), ("largest_mb", "memory of", "MB", 150.0)):
                if rounds := results.rounds("walk", name, at, value):
                    target = f"{figures} a walk of a million users that are unchanged, {title}"
                    yield from _at_most(target, unit, most, figure(rounds))


def _reads(results: Results) -> Iterator[Verdict]:
    for name in results.contenders("reads"):
        title = name.removeprefix("akako, ")
        limit = READ_LIMITS[title.partition(":")[0]]
        yield from _at_most(f"p95 of {title}", "ms", limit, figure(results.rounds("reads", name, 0, "p95_ms")))


def _setting(measure: str, at: int) -> str:
    units = {"accepts": "connections", "applies": "worker processes", "duplicates": "deliveries repeated"}
    return f"{at} {units.get(measure, 'receiver process' + ('es' if at > 1 else ''))}"


def _at_least(target: str, wanted: float, reached: Figure | None) -> Iterator[Verdict]:
    if reached:
        yield Verdict(target, "x", wanted, False, reached)


def _at_most(target: str, unit: str, wanted: float, reached: Figure | None) -> Iterator[Verdict]:
    if reached:
        yield Verdict(target, unit, wanted, True, reached)
