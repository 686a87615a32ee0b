"""A burst from empty tables until settled, with CPU time and memory of all services."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from bench import consumption
from bench.contender import Contender, Place
from bench.load import Order
from bench.measures import applies
from bench.rows import Row, Values
from bench.sending import send
from bench.setup import Setup

CONNECTIONS = 64
WARM = 20


def burst(setup: Setup) -> Iterator[Row]:
    """One receiver process, two worker processes."""
    yield from _rounds(setup, "burst", 1)


def pairs(setup: Setup) -> Iterator[Row]:
    """Two receiver processes, two worker processes."""
    yield from _rounds(setup, "pairs", 2)


def _rounds(setup: Setup, measure: str, processes: int) -> Iterator[Row]:
    for number in range(setup.scale.rounds):
        for contender in setup.contenders:
            if contender.name != "bare":
                setup.say(f"{measure}: round {number + 1}, {setup.scale.burst:,} deliveries, {contender.name}")
                yield Row(measure, contender.name, processes, _one(setup, contender, processes))


def _one(setup: Setup, contender: Contender, processes: int) -> Values:
    place, seconds = setup.place(contender), _seconds(setup, contender)
    with ExitStack() as stack:
        receiver, port = stack.enter_context(setup.receiver(contender, place, processes))
        workers = stack.enter_context(setup.workers(contender, place))
        applies.fill(port, "warm", WARM)
        applies.settled(contender, place, "warm", WARM, 10)
        pids = {
            "receiver": [receiver.pid],
            "worker": [worker.pid for worker in workers],
            "postgres": [setup.servers.postgres.pid],
            "redis": [setup.servers.redis.pid],
        }
        before = _spent(pids)
        rate, applied = _settle(contender, place, port, setup.scale.burst, seconds)
        spent = {name: (after - before[name]) / applied * 1_000 for name, after in _spent(pids).items()}
        return {"rate": rate, "settled": applied, **_cpu(spent), **_memory(pids)}


def _seconds(setup: Setup, contender: Contender) -> float:
    return setup.scale.slow_burst_seconds if contender.slow else setup.scale.burst_seconds


def _settle(contender: Contender, place: Place, port: int, count: int, seconds: float) -> tuple[float, int]:
    most = min(count, int(contender.max_rate * seconds))
    result = send(Order(port, "burst", CONNECTIONS, seconds, most))
    begin = min(result.sent)
    left = max(0.0, begin + seconds - time.time())
    end = applies.settled(contender, place, "burst", len(result.numbers) + WARM, left)
    applied, _ = applies.done(place, "burst")
    return applied / (end - begin), applied


def _spent(pids: Mapping[str, list[int]]) -> Values:
    return {name: sum(map(consumption.cpu_seconds, family)) for name, family in pids.items()}


def _cpu(spent: Values) -> Values:
    return {f"{name}_cpu": seconds for name, seconds in spent.items()}


def _memory(pids: Mapping[str, list[int]]) -> Values:
    """The memory of the largest process of each service."""
    return {
        f"{name}_mb": max(megabytes for pid in family for megabytes in consumption.resident(pid))
        for name, family in pids.items()
        if name in ("receiver", "worker") and family
    }
