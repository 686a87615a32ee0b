"""Ceilings: rows inserted by the driver alone, messages published to Redis alone, and the load generator alone."""

import sys
import time
from collections.abc import Callable, Iterator

import psycopg

from bench import services
from bench.contenders import AKAKO
from bench.databases import Database
from bench.deliveries import Numbered
from bench.load import Order
from bench.rows import Row
from bench.sending import send
from bench.setup import Setup
from config.redis_url import RedisAddress
from dev import ports
from sync.enqueue import Queue

BATCHES = (1, 20, 100, 500)
INSERT = """
    insert into webhook_events (svix_id, type, clerk_user_id, occurred_at, body, svix_timestamp, svix_signature,
                                verified_by, status)
    select svix_id, 'user.created', clerk_user_id, now(), body, 1, 'v1,' || repeat('A', 43) || '=', '0123456789ab',
           'received'
    from unnest(%b::text[], %b::text[], %b::bytea[]) as given (svix_id, clerk_user_id, body) on conflict do nothing
"""


def ceilings(setup: Setup) -> Iterator[Row]:
    """Measure each for as long as a receiver."""
    for number in range(setup.scale.rounds):
        place = setup.place(AKAKO)
        for batch in BATCHES:
            setup.say(f"ceilings: round {number + 1}, {batch} rows per commit")
            yield Row(
                "ceilings", "PostgreSQL, the driver alone", batch, {"rate": _inserts(setup, place.database, batch)}
            )
        for batch in (1, 100):
            setup.say(f"ceilings: round {number + 1}, {batch} ids per message")
            rate = _publishes(setup, place.redis_url, batch)
            yield Row("ceilings", "Redis, publishing alone", batch, {"rate": rate})
        for connections in setup.scale.connections:
            setup.say(f"ceilings: round {number + 1}, {connections} connections, a server that does nothing")
            yield Row("ceilings", "the load generator alone", connections, _generator(setup, connections))


def _inserts(setup: Setup, database: Database, batch: int) -> float:
    database.run("truncate webhook_events")
    setup.checkpoint()
    bodies = [Numbered("x", number).body() for number in range(batch)]
    with psycopg.connect(database.url) as connection:

        def insert(number: int) -> None:
            ids = [f"{number}_{place}" for place in range(batch)]
            connection.execute(INSERT, (ids, ids, bodies))
            connection.commit()

        return batch * _repeated(setup.scale.seconds, insert)


def _publishes(setup: Setup, redis_url: str, batch: int) -> float:
    queue = Queue(RedisAddress(redis_url), batch)
    ids = [Numbered("x", number).svix_id for number in range(batch)]
    rate = _repeated(min(setup.scale.seconds, 2), lambda _: queue.put(ids))
    queue.close()
    return batch * rate


def _generator(setup: Setup, connections: int) -> dict[str, float]:
    port = ports.free_port()
    command, seconds = f"{sys.executable} -m bench.peers.nothing {port}", setup.scale.seconds
    with services.running(setup.logs, "nothing", command, {}) as process:
        services.wait_for_port(setup.logs, process, port)
        result = send(Order(port, "n", connections, seconds, int(60_000 * seconds)))
    rate = len(result.numbers) / (max(result.answered) - min(result.sent))
    return {"rate": rate, "generator_busy": result.busy}


def _repeated(seconds: float, once: Callable[[int], object]) -> float:
    start, number = time.perf_counter(), 0
    while time.perf_counter() < start + seconds:
        once(number)
        number += 1
    return number / (time.perf_counter() - start)
