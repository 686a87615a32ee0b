"""From the answer to the role: how long after its 202 a user's role can be seen, at a fixed rate of deliveries."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from bench.databases import Database
from bench.deliveries import Numbered
from bench.figures import percentile
from bench.load import Order
from bench.receiving import send

POLL_SECONDS = 0.005
CONNECTIONS = 16
WINDOW = 200
"""Deliveries that are looked for at a time, so that looking costs little; a second's worth of the rate."""
PATIENCE_SECONDS = 20.0

# What the guard would ask: the user, living, with the role in force by the clock.
HOLDS = """
    select clerk_id from users join user_roles on user_roles.user_id = users.id
    where clerk_id = any(%s) and deleted_at is null and is_active and effective_start_date <= now()
      and (effective_end_date is null or effective_end_date > now())
"""


@dataclass(frozen=True, slots=True)
class Visible:
    """The waits of one run."""

    rate: float
    deliveries: int
    seen: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    answer_p50_ms: float
    """From the moment a delivery was due to leave to its answer."""
    answer_p99_ms: float


class Watch:
    """Looks for roles every few milliseconds, on a connection of its own, and notes when each was first seen."""

    def __init__(self, database: Database, run: str, count: int) -> None:
        self._database = database
        self._numbers = {Numbered(run, number).clerk_id: number for number in range(count)}
        self._over = threading.Event()
        self.seen: dict[int, float] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def wait(self) -> None:
        """Return when every role was seen, or patience is at its end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.seen) < len(self._numbers) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _run(self) -> None:
        missing = dict(self._numbers)
        with psycopg.connect(self._database.url, autocommit=True) as connection:
            while missing and not self._over.wait(POLL_SECONDS):
                window = [clerk_id for clerk_id, _ in zip(missing, range(WINDOW), strict=False)]
                found = connection.execute(HOLDS, [window]).fetchall()
                now = time.time()
                self.seen |= {missing.pop(clerk_id): now for (clerk_id,) in found}


def measure(port: int, database: Database, rate: float, seconds: float) -> Visible:
    """Send at a fixed rate, whether or not answers come, and watch the roles appear. A second before warms all up."""
    _deliver(port, database, "warm", rate, 1.0)
    return _deliver(port, database, "visible", rate, seconds)


def _deliver(port: int, database: Database, run: str, rate: float, seconds: float) -> Visible:
    count = int(rate * seconds)
    watch = Watch(database, run, count)
    with watch.watching():
        result = send(Order(port, run, CONNECTIONS, seconds, count, rate))
        watch.wait()
    if len(watch.seen) < count:
        raise RuntimeError(f"{count - len(watch.seen)} of {count} roles were never seen")
    answered = dict(zip(result.numbers, result.answered, strict=True))
    waits = [(watch.seen[number] - answered[number]) * 1_000 for number in watch.seen]
    answers = [(end - start) * 1_000 for start, end in zip(result.sent, result.answered, strict=True)]
    return Visible(
        rate=rate,
        deliveries=count,
        seen=len(waits),
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        longest_ms=max(waits, default=0.0),
        answer_p50_ms=percentile(answers, 0.5),
        answer_p99_ms=percentile(answers, 0.99),
    )
