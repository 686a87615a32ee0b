"""How many waiting events two worker processes apply in a second."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql

from bench import memory
from bench.databases import Database
from ops.process import Process

PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A worker that is not running yet, and how to give it a backlog."""

    name: str
    backlog: int
    database: Callable[[], Database]
    """The database of the next round."""
    fill: Callable[[Database, str, int], None]
    worker: Callable[[Database], AbstractContextManager[Process]]
    waits: LiteralString
    """The condition of an event that is not applied."""
    poll_seconds: float
    """How often that is asked: seldom where the question costs the contender something."""


@dataclass(frozen=True, slots=True)
class Round:
    """One backlog, applied."""

    rate: float
    """Events a second, from the beginning of the first transaction to the end of the last."""
    worker_mb: list[float]
    """Resident memory of the worker's processes at the end, the largest first."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One worker."""

    contender: str
    rounds: list[Round] = field(default_factory=list)


def measure(contenders: Sequence[Contender], rounds: int, say: Callable[[str], None]) -> list[Measured]:
    """Every contender, round after round."""
    measured = {contender.name: Measured(contender.name) for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            say(f"applying: round {number + 1} of {rounds}, {contender.backlog:,} events, {contender.name}")
            measured[contender.name].rounds.append(apply(contender, f"a{number}"))
    return list(measured.values())


def apply(contender: Contender, run: str) -> Round:
    """One round: a backlog, a worker, and the time until nothing waits. The worker's start does not count."""
    database = contender.database()
    contender.fill(database, run, contender.backlog)
    database.run("checkpoint")
    with contender.worker(database) as worker:
        end = _end(contender, database, worker)
        seconds = end - _begin(database, run)
        return Round(contender.backlog / seconds, memory.resident(worker.pid))


def _begin(database: Database, run: str) -> float:
    first = "select extract(epoch from min(applied_at)) from webhook_events where starts_with(svix_id, %s)"
    return float(database.run(first, [f"msg_{run}_"])[0][0])


def _end(contender: Contender, database: Database, worker: Process) -> float:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        waits = sql.SQL("select from webhook_events where {} limit 1").format(sql.SQL(contender.waits))
        while connection.execute(waits).rowcount:
            if time.monotonic() > deadline or not worker.runs:
                raise RuntimeError(f"{contender.name} did not apply its backlog")
            time.sleep(contender.poll_seconds)
        return time.time()
