"""The time from the 202 until a user's role is visible, at a fixed rate of deliveries.

Not read from timestamps in the rows: a separate connection queries every few milliseconds, as a guard does.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.contender import Contender, Place
from bench.deliveries import Numbered
from bench.figures import percentile
from bench.load import Order, Result
from bench.rows import Row, Values
from bench.sending import send
from bench.setup import Setup

POLL_SECONDS = 0.005
CONNECTIONS = 32
WINDOW = 200
"""Users per query, which limits its cost."""
PATIENCE_SECONDS = 10.0
"""How long to wait for roles after the last answer; a role that is visible later counts as never seen."""


class Watch:
    """Polls for roles every few milliseconds, and records when each was first seen."""

    def __init__(self, contender: Contender, place: Place, run: str, count: int) -> None:
        self._contender = contender
        self._place = place
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
        """Wait until every role was seen, or PATIENCE_SECONDS have passed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.seen) < len(self._numbers) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _run(self) -> None:
        missing = dict(self._numbers)
        with psycopg.connect(self._place.database.url, autocommit=True) as connection:
            while missing and not self._over.wait(POLL_SECONDS):
                window = [clerk_id for clerk_id, _ in zip(missing, range(WINDOW), strict=False)]
                found = connection.execute(self._contender.holds, [window]).fetchall()
                now = time.time()
                self.seen |= {missing.pop(clerk_id): now for (clerk_id,) in found}


def visible(setup: Setup) -> Iterator[Row]:
    """Measure every contender at every rate; one that cannot sustain a rate skips the higher ones of that round."""
    for number in range(setup.scale.rounds):
        for contender in setup.contenders:
            if contender.name != "bare":
                yield from one(setup, contender, setup.place(contender), f"v{number}")


def one(setup: Setup, contender: Contender, place: Place, run: str, name: str | None = None) -> Iterator[Row]:
    """One contender at ascending rates, after a warm-up second."""
    with setup.receiver(contender, place) as (_, port), setup.workers(contender, place):
        delivered(contender, place, port, f"{run}w", setup.scale.visible_rates[0], 1.0)
        for rate in setup.scale.visible_rates:
            setup.say(f"visible: {run}, {rate}/s, {contender.name}")
            values = delivered(contender, place, port, f"{run}r{rate}", rate, setup.scale.visible_seconds)
            yield Row("visible" if name is None else "grown visible", name or contender.name, rate, values)
            if values["seen_share"] < 1:
                return


def delivered(contender: Contender, place: Place, port: int, run: str, rate: float, seconds: float) -> Values:
    """Deliver at a fixed rate and record when the roles are visible."""
    count = int(rate * seconds)
    watch = Watch(contender, place, run, count)
    with watch.watching():
        result = send(Order(port, run, CONNECTIONS, seconds, count, rate))
        watch.wait()
    return _values(watch, result)


def _values(watch: Watch, result: Result) -> Values:
    answered = dict(zip(result.numbers, result.answered, strict=True))
    seen = list(watch.seen.items())
    # A role may be visible before the sender has read its answer: then the wait is 0.
    waits = [max(0.0, at - answered[number]) * 1_000 for number, at in seen]
    return {
        "seen_share": len(seen) / len(answered),
        "p50_ms": percentile(waits, 0.5),
        "p99_ms": percentile(waits, 0.99),
        "p999_ms": percentile(waits, 0.999),
    }
