"""How many deliveries a receiver keeps in a second, and how long senders wait: at full speed and at a fixed rate.

No worker runs meanwhile; what a receiver queues is thrown away after the round.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.contender import Contender, Place
from bench.load import Order
from bench.rows import Row
from bench.sending import judged, send
from bench.setup import Setup

STEADY_CONNECTIONS = STORM_CONNECTIONS = 32
WARM_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A receiver that runs."""

    name: str
    contender: Contender
    place: Place
    port: int
    reset: Callable[[], object]
    """Makes a round start as the first one did."""


def closed_loop(setup: Setup) -> Iterator[Row]:
    """Each connection sends again as soon as it is answered."""
    with ExitStack() as stack:
        running = _started(setup, stack)
        for number in range(setup.scale.rounds):
            for connections in setup.scale.connections:
                for each in running:
                    setup.say(f"accepts: round {number + 1}, {connections} connections, {each.name}")
                    yield full_load(setup, "accepts", each, connections)


def steady(setup: Setup) -> Iterator[Row]:
    """Deliveries leave at a fixed rate, whether or not answers come; waits count from when each was due to leave."""
    rate, seconds = setup.scale.steady_rate, setup.scale.seconds
    with ExitStack() as stack:
        running = _started(setup, stack)
        for number in range(setup.scale.rounds):
            for each in running:
                setup.say(f"steady: round {number + 1}, {rate}/s, {each.name}")
                order = Order(each.port, f"s{number}", STEADY_CONNECTIONS, seconds, int(rate * seconds), rate)
                yield _row(setup, "steady", each, rate, order)


def duplicates(setup: Setup) -> Iterator[Row]:
    """A storm: a few deliveries, again and again, which must leave a row each and no more."""
    with ExitStack() as stack:
        running = [each for each in _started(setup, stack) if each.name != "bare"]
        for number in range(setup.scale.rounds):
            for each in running:
                setup.say(f"duplicates: round {number + 1}, {each.name}")
                yield _storm(setup, each, f"d{number}")


def full_load(setup: Setup, measure: str, each: Running, connections: int) -> Row:
    """One round of one receiver at so many connections."""
    most = int(each.contender.enough_a_second * setup.scale.seconds)
    order = Order(each.port, f"c{connections}", connections, setup.scale.seconds, most)
    row = _row(setup, measure, each, connections, order)
    if row.values["answered"] == most:
        raise RuntimeError(f"{each.name} answered all {most} requests early: raise its `enough_a_second`")
    return row


def started(setup: Setup, stack: ExitStack, contender: Contender) -> Running:
    """A receiver before empty tables that runs, and has run a little."""
    place = setup.place(contender)
    return running(setup, stack, contender, place, contender.name, lambda: place.database.run(contender.empty))


def running(
    setup: Setup, stack: ExitStack, contender: Contender, place: Place, name: str, reset: Callable[[], object]
) -> Running:
    """A receiver that runs; a first second lets it open its connections and see its code once."""
    _, port = stack.enter_context(setup.receiver(contender, place))
    send(Order(port, "warm", 8, WARM_SECONDS, 1_000))
    return Running(name, contender, place, port, reset)


def _started(setup: Setup, stack: ExitStack) -> list[Running]:
    return [started(setup, stack, contender) for contender in setup.contenders]


def _row(setup: Setup, measure: str, each: Running, at: int, order: Order) -> Row:
    each.reset()
    each.place.empty_redis()
    setup.calm()
    return Row(measure, each.name, at, judged(each.contender, each.place, order, send(order)))


def _storm(setup: Setup, each: Running, run: str) -> Row:
    distinct, seconds = setup.scale.distinct, setup.scale.seconds
    most = int(each.contender.enough_a_second * seconds)
    order = Order(each.port, run, STORM_CONNECTIONS, seconds, most, distinct=distinct)
    return _row(setup, "duplicates", each, distinct, order)
