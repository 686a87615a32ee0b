"""Deliveries stored per second and response times of a receiver, in a closed loop and at a fixed rate.

No worker runs; the messages of a receiver are deleted after each round.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.contender import Contender, Place
from bench.load import Order
from bench.rows import Row
from bench.sending import evaluate, send
from bench.setup import Setup

STEADY_CONNECTIONS = DUPLICATES_CONNECTIONS = 32
WARM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A running receiver."""

    name: str
    contender: Contender
    place: Place
    port: int
    reset: Callable[[], object]
    """Resets the tables before a round."""


def closed_loop(setup: Setup) -> Iterator[Row]:
    """Closed loop: each connection sends the next delivery as soon as one is answered."""
    with ExitStack() as stack:
        running = _started(setup, stack)
        for number in range(setup.scale.rounds):
            for connections in setup.scale.connections:
                for each in running:
                    setup.say(f"accepts: round {number + 1}, {connections} connections, {each.name}")
                    yield full_load(setup, "accepts", each, connections)


def steady(setup: Setup) -> Iterator[Row]:
    """Open loop: deliveries are sent at a fixed rate, with or without answers; latency counts from the due time."""
    rate, seconds = setup.scale.steady_rate, setup.scale.seconds
    with ExitStack() as stack:
        running = _started(setup, stack)
        for number in range(setup.scale.rounds):
            for each in running:
                setup.say(f"steady: round {number + 1}, {rate}/s, {each.name}")
                order = Order(each.port, f"s{number}", STEADY_CONNECTIONS, seconds, int(rate * seconds), rate)
                yield _row(setup, "steady", each, rate, order)


def duplicates(setup: Setup) -> Iterator[Row]:
    """Repeats a few deliveries, each of which must result in exactly one row."""
    with ExitStack() as stack:
        running = [each for each in _started(setup, stack) if each.name != "bare"]
        for number in range(setup.scale.rounds):
            for each in running:
                setup.say(f"duplicates: round {number + 1}, {each.name}")
                yield _repeat(setup, each, f"d{number}")


def full_load(setup: Setup, measure: str, each: Running, connections: int) -> Row:
    """One round of one receiver with this number of connections."""
    most = int(each.contender.max_rate * setup.scale.seconds)
    order = Order(each.port, f"c{connections}", connections, setup.scale.seconds, most)
    row = _row(setup, measure, each, connections, order)
    if row.values["answered"] == most:
        raise RuntimeError(f"{each.name} answered all {most} requests before the end: raise its `max_rate`")
    return row


def started(setup: Setup, stack: ExitStack, contender: Contender) -> Running:
    """Start a receiver with empty tables, and warm it up."""
    place = setup.place(contender)
    return running(setup, stack, contender, place, contender.name, lambda: place.database.run(contender.empty))


def running(
    setup: Setup, stack: ExitStack, contender: Contender, place: Place, name: str, reset: Callable[[], object]
) -> Running:
    """Start a receiver; a warm-up second opens its connections and runs its code once."""
    _, port = stack.enter_context(setup.receiver(contender, place))
    send(Order(port, "warm", 8, WARM_SECONDS, 1_000))
    return Running(name, contender, place, port, reset)


def _started(setup: Setup, stack: ExitStack) -> list[Running]:
    return [started(setup, stack, contender) for contender in setup.contenders]


def _row(setup: Setup, measure: str, each: Running, at: int, order: Order) -> Row:
    each.reset()
    each.place.empty_redis()
    setup.checkpoint()
    return Row(measure, each.name, at, evaluate(each.contender, each.place, order, send(order)))


def _repeat(setup: Setup, each: Running, run: str) -> Row:
    distinct, seconds = setup.scale.distinct, setup.scale.seconds
    most = int(each.contender.max_rate * seconds)
    order = Order(each.port, run, DUPLICATES_CONNECTIONS, seconds, most, distinct=distinct)
    return _row(setup, "duplicates", each, distinct, order)
