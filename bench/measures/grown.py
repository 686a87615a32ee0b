"""Growth: the main figures of ours with years of users and events in the tables, in turn with empty ones."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import growth
from bench.contenders import AKAKO
from bench.measures import accepts, applies, visible
from bench.rows import Row
from bench.setup import Stage

GROWN = "akako, grown"
CONNECTIONS = (32, 128)


def grown(stage: Stage) -> Iterator[Row]:
    """Accepted, applied, visible."""
    place = stage.grown(AKAKO)
    connections = [count for count in CONNECTIONS if count in stage.scale.connections] or stage.scale.connections
    yield from _accepts(stage, connections)
    for number in range(stage.scale.rounds):
        growth.nothing_waits(place.database)
        stage.say(f"grown: round {number + 1}, {stage.scale.backlog:,} events")
        empty = applies.one(stage, AKAKO, stage.place(AKAKO), f"a{number}", stage.scale.backlog)
        yield Row("grown applies", AKAKO.name, 2, empty)
        run = place.database.run("select 'a' || extract(epoch from clock_timestamp())::bigint")[0][0]
        full = applies.one(stage, AKAKO, stage.grown(AKAKO), run, stage.scale.backlog)
        yield Row("grown applies", GROWN, 2, full)
        yield from visible.one(stage, AKAKO, stage.place(AKAKO), f"v{number}", AKAKO.name)
        yield from visible.one(stage, AKAKO, stage.grown(AKAKO), f"v{run}", GROWN)


def _accepts(stage: Stage, connections: Sequence[int]) -> Iterator[Row]:
    place = stage.grown(AKAKO)
    with ExitStack() as stack:
        full = accepts.running(stage, stack, AKAKO, place, GROWN, lambda: growth.nothing_waits(place.database))
        both = (accepts.started(stage, stack, AKAKO), full)
        for number in range(stage.scale.rounds):
            for count in connections:
                for each in both:
                    stage.say(f"grown: round {number + 1}, {count} connections, {each.name}")
                    yield accepts.full_load(stage, "grown accepts", each, count)
