"""How many waiting events two worker processes apply in a second.

The backlog arises as it does in life: deliveries come while no worker runs.
"""

import time
from collections.abc import Iterator

import psycopg

from bench import consumption
from bench.contender import Contender, Place
from bench.load import Order
from bench.rows import Row, Values
from bench.sending import send
from bench.setup import Setup

PATIENCE_SECONDS = 60.0
FILLING_CONNECTIONS = 64


def applies(setup: Setup) -> Iterator[Row]:
    """Every contender that has a worker."""
    for number in range(setup.scale.rounds):
        for contender in setup.contenders:
            if contender.worker:
                backlog = setup.scale.slow_backlog if contender.slow else setup.scale.backlog
                setup.say(f"applies: round {number + 1}, {backlog:,} events, {contender.name}")
                values = one(setup, contender, setup.place(contender), f"a{number}", backlog)
                yield Row("applies", contender.name, 2, values)


def one(setup: Setup, contender: Contender, place: Place, run: str, backlog: int) -> Values:
    """One round: a backlog, a worker, and the time until nothing waits. The worker's start does not count."""
    with setup.receiver(contender, place) as (_, port):
        fill(port, run, backlog)
    setup.calm()
    with setup.workers(contender, place) as workers:
        end = settled(contender, place, run, backlog, setup.scale.apply_seconds)
        applied, begin = done(place, run)
        memory = [megabytes for worker in workers for megabytes in consumption.resident(worker.pid)]
    return {"rate": applied / (end - begin), "applied": applied, "largest_mb": max(memory)}


def fill(port: int, run: str, backlog: int) -> None:
    """Deliver so many; every one must be accepted."""
    result = send(Order(port, run, FILLING_CONNECTIONS, 300, backlog))
    if any(status != 202 for status in result.statuses):
        raise RuntimeError("a receiver did not accept its backlog")


def settled(contender: Contender, place: Place, run: str, expected: int, seconds: float) -> float:
    """Return when all is applied, or when the time, counted from the first one applied, is up; that moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (first := done(place, run)[0]):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{contender.name} applied nothing of its backlog")
        time.sleep(0.02)
    with psycopg.connect(place.database.superuser_url, autocommit=True) as connection:
        end = time.monotonic() + (seconds if first < expected else 0)
        while connection.execute(contender.waits, {"expected": expected}).rowcount and time.monotonic() < end:
            time.sleep(contender.poll_seconds)
    return time.time()


def done(place: Place, run: str) -> tuple[int, float]:
    """How many users of a run there are, and when the transaction of the first one began."""
    asked = "select count(*), extract(epoch from min(created_at)) from users where starts_with(clerk_id, %s)"
    count, begin = place.database.run(asked, [f"user_{run}_"])[0]
    return int(count), float(begin or 0)
