"""The description of a measured program: how to start it, and how to query its results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import LiteralString

import redis

from bench.databases import Database
from bench.deliveries import Numbered


@dataclass(frozen=True, slots=True)
class Place:
    """The database and the Redis database of one contender."""

    database: Database
    redis_url: str

    def empty_redis(self) -> None:
        """Delete all messages."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()


CountStored = Callable[[Place, str, Sequence[int]], int]
"""Counts the deliveries of a run that are stored; a number that was answered several times counts each time."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One program. `{port}` and `{processes}` in its commands are replaced."""

    name: str
    title: str
    tables: str
    """The template database of its databases."""
    receiver: str
    worker: str | None
    worker_forks: bool
    """Whether one command starts all worker processes; otherwise it is run once for each."""
    count_stored: CountStored
    empty: LiteralString
    """SQL that resets its tables to the state before the first delivery."""
    holds: LiteralString
    """SQL that selects which of these users hold their role now, as a guard does."""
    waits: LiteralString
    """SQL that returns a row while any of `expected` users is not applied yet."""
    poll_seconds: float
    """Interval of that query: long if the query is expensive for the contender."""
    max_rate: int
    """Prepared requests per second, more than the receiver can answer; each is signed beforehand."""
    slow: bool = False


def as_events(place: Place, run: str, numbers: Sequence[int]) -> int:
    """Count deliveries that have a row."""
    ids = {Numbered(run, number).svix_id: number for number in numbers}
    rows = place.database.run("select svix_id from webhook_events where svix_id = any(%s)", [list(ids)])
    return _times(numbers, {ids[svix_id] for (svix_id,) in rows})


def as_users(place: Place, run: str, numbers: Sequence[int]) -> int:
    """Count deliveries whose user has a row."""
    ids = {Numbered(run, number).clerk_id: number for number in numbers}
    rows = place.database.run("select clerk_id from users where clerk_id = any(%s)", [list(ids)])
    return _times(numbers, {ids[clerk_id] for (clerk_id,) in rows})


def as_messages(place: Place, _run: str, numbers: Sequence[int]) -> int:
    """Count messages in Celery's queue, the only place where they are stored: Redis writes to disk once per second."""
    with redis.Redis.from_url(place.redis_url) as client:
        return min(int(client.llen("celery")), len(numbers))


def nowhere(_place: Place, _run: str, numbers: Sequence[int]) -> int:
    """Count every delivery: a ceiling, which stores nothing."""
    return len(numbers)


def _times(numbers: Sequence[int], found: set[int]) -> int:
    return sum(number in found for number in numbers)
