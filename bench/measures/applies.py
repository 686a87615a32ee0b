"""Events applied per second from a backlog by two worker processes.

The backlog is created by deliveries while no worker runs.
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
    """Measure every contender that has a worker."""
    for number in range(setup.scale.rounds):
        for contender in setup.contenders:
            if contender.worker:
                backlog = setup.scale.slow_backlog if contender.slow else setup.scale.backlog
                setup.say(f"applies: round {number + 1}, {backlog:,} events, {contender.name}")
                values = one(setup, contender, setup.place(contender), f"a{number}", backlog)
                yield Row("applies", contender.name, 2, values)


def one(setup: Setup, contender: Contender, place: Place, run: str, backlog: int) -> Values:
    """One round: a backlog, a worker, and the time until nothing is pending, without the worker's start."""
    with setup.receiver(contender, place) as (_, port):
        fill(port, run, backlog)
    setup.checkpoint()
    before = consumption.cpu_seconds(setup.servers.postgres.pid)
    with setup.workers(contender, place) as workers:
        end = settled(contender, place, run, backlog, setup.scale.apply_seconds)
        applied, begin = done(place, run)
        spent = consumption.cpu_seconds(setup.servers.postgres.pid) - before
        spent += sum(consumption.cpu_seconds_of_children(worker.pid) for worker in workers)
        memory = [megabytes for worker in workers for megabytes in consumption.resident(worker.pid)]
    return {
        "rate": applied / (end - begin),
        "applied": applied,
        "cpu": spent / applied * 1_000,
        "largest_mb": max(memory),
    }


def fill(port: int, run: str, backlog: int) -> None:
    """Deliver `backlog` events. Raises RuntimeError unless every one is accepted."""
    result = send(Order(port, run, FILLING_CONNECTIONS, 300, backlog))
    if any(status != 202 for status in result.statuses):
        raise RuntimeError("a receiver did not accept its backlog")


def settled(contender: Contender, place: Place, run: str, expected: int, seconds: float) -> float:
    """Wait until all events are applied, or `seconds` after the first one, and return the time."""
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
    """The number of users of a run, and the start of the first one's transaction."""
    query = "select count(*), extract(epoch from min(created_at)) from users where starts_with(clerk_id, %s)"
    count, begin = place.database.run(query, [f"user_{run}_"])[0]
    return int(count), float(begin or 0)
