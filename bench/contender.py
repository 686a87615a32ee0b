"""Whoever is measured: how it is started, and how one asks what it has done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import LiteralString

import redis

from bench.databases import Database
from bench.deliveries import Numbered


@dataclass(frozen=True, slots=True)
class Place:
    """Where one contender works: a database and a Redis of its own."""

    database: Database
    redis_url: str

    def empty_redis(self) -> None:
        """Throw away whatever waits there."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()


Kept = Callable[[Place, str, Sequence[int]], int]
"""How many of these deliveries of a run are kept, each as often as it was answered."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One program. In its commands `{port}` and `{processes}` are filled in."""

    name: str
    title: str
    tables: str
    """The database that its own are copied from."""
    receiver: str
    worker: str | None
    worker_forks: bool
    """Whether one command starts all worker processes; else it is run once for each."""
    kept: Kept
    empty: LiteralString
    """Makes its tables as they were before the first delivery."""
    holds: LiteralString
    """Which of these users hold their role by now, as a guard would ask."""
    waits: LiteralString
    """Gives a row as long as something of `expected` users waits to be applied."""
    poll_seconds: float
    """How often that is asked: seldom where the question costs the contender something."""
    enough_a_second: int
    """More requests than the receiver can answer; each is signed beforehand."""
    slow: bool = False


def as_events(place: Place, run: str, numbers: Sequence[int]) -> int:
    """Those whose delivery has a row."""
    ids = {Numbered(run, number).svix_id: number for number in numbers}
    rows = place.database.run("select svix_id from webhook_events where svix_id = any(%s)", [list(ids)])
    return _times(numbers, {ids[svix_id] for (svix_id,) in rows})


def as_users(place: Place, run: str, numbers: Sequence[int]) -> int:
    """Those whose user has a row."""
    ids = {Numbered(run, number).clerk_id: number for number in numbers}
    rows = place.database.run("select clerk_id from users where clerk_id = any(%s)", [list(ids)])
    return _times(numbers, {ids[clerk_id] for (clerk_id,) in rows})


def as_messages(place: Place, _run: str, numbers: Sequence[int]) -> int:
    """Those that are in Celery's queue, and nowhere else: Redis writes to the disk once a second."""
    with redis.Redis.from_url(place.redis_url) as client:
        return min(int(client.llen("celery")), len(numbers))


def nowhere(_place: Place, _run: str, numbers: Sequence[int]) -> int:
    """All of them: it is a ceiling, and keeps nothing."""
    return len(numbers)


def _times(numbers: Sequence[int], found: set[int]) -> int:
    return sum(number in found for number in numbers)
