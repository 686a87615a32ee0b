"""The main figures of Akako Sync with years of users and events in the tables, alternating with empty tables."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import growth
from bench.contenders import AKAKO
from bench.measures import accepts, applies, visible
from bench.rows import Row
from bench.setup import Setup

GROWN = "akako, grown"
CONNECTIONS = (32, 128)


def grown(setup: Setup) -> Iterator[Row]:
    """Measure accepts, applies and visibility."""
    place = setup.grown(AKAKO)
    connections = [count for count in CONNECTIONS if count in setup.scale.connections] or setup.scale.connections
    yield from _accepts(setup, connections)
    for number in range(setup.scale.rounds):
        growth.delete_pending(place.database)
        setup.say(f"grown: round {number + 1}, {setup.scale.backlog:,} events")
        empty = applies.one(setup, AKAKO, setup.place(AKAKO), f"a{number}", setup.scale.backlog)
        yield Row("grown applies", AKAKO.name, 2, empty)
        run = place.database.run("select 'a' || extract(epoch from clock_timestamp())::bigint")[0][0]
        full = applies.one(setup, AKAKO, setup.grown(AKAKO), run, setup.scale.backlog)
        yield Row("grown applies", GROWN, 2, full)
        yield from visible.one(setup, AKAKO, setup.place(AKAKO), f"v{number}", AKAKO.name)
        yield from visible.one(setup, AKAKO, setup.grown(AKAKO), f"v{run}", GROWN)


def _accepts(setup: Setup, connections: Sequence[int]) -> Iterator[Row]:
    place = setup.grown(AKAKO)
    with ExitStack() as stack:
        full = accepts.running(setup, stack, AKAKO, place, GROWN, lambda: growth.delete_pending(place.database))
        both = (accepts.started(setup, stack, AKAKO), full)
        for number in range(setup.scale.rounds):
            for count in connections:
                for each in both:
                    setup.say(f"grown: round {number + 1}, {count} connections, {each.name}")
                    yield accepts.full_load(setup, "grown accepts", each, count)
