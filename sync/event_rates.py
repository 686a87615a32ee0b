"""The rates at which events were accepted and applied in the last hour or day. Closed intervals are read once."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine

from db import clock, event_rates
from db.event_rates import EventRate

SETTLED = timedelta(minutes=2)
"""How long after its end an interval may still get events: their times are set before their transactions commit."""
PENDING = timedelta(seconds=30)
"""How long the rate of an interval with pending events is used."""


class Period(StrEnum):
    """A period that ends now."""

    HOUR = "hour"
    DAY = "day"


INTERVALS = {Period.HOUR: (60, 60), Period.DAY: (900, 96)}
"""Seconds of an interval, and how many intervals there are."""


@dataclass(frozen=True, slots=True)
class EventRates:
    """The rates of a period."""

    at: datetime
    """The time of the database, which lies in the last interval."""
    seconds: int
    """Length of an interval."""
    intervals: list[EventRate]
    """Oldest first."""

    @property
    def types(self) -> dict[str, int]:
        """Accepted events by type, the most frequent first."""
        total = Counter[str]()
        for each in self.intervals:
            total.update(each.types)
        return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True, slots=True)
class _Known:
    rate: EventRate
    read_at: datetime


class RateReader:
    """Reads rates, and keeps those of closed intervals. Concurrent callers share one reading."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._locks = {period: threading.Lock() for period in Period}
        self._known: dict[Period, dict[datetime, _Known]] = {period: {} for period in Period}

    def read(self, period: Period) -> EventRates:
        """The rates of a period, by the database's clock."""
        seconds, count = INTERVALS[period]
        with self._locks[period], self._engine.begin() as connection:
            now = clock.now(connection)
            length = timedelta(seconds=seconds)
            last = datetime.fromtimestamp(now.timestamp() // seconds * seconds, now.tzinfo)
            starts = [last - number * length for number in reversed(range(count))]
            known = {at: each for at, each in self._known[period].items() if at in set(starts)}
            missing = [at for at in starts if at not in known or _is_outdated(known[at], now, length)]
            for run in _runs(missing, length):
                rates = {each.start: each for each in event_rates.read(connection, run[0], run[-1] + length, seconds)}
                known |= {at: _Known(rates.get(at, EventRate(start=at)), now) for at in run}
            self._known[period] = known
        return EventRates(now, seconds, [known[at].rate for at in starts])


def _is_outdated(known: _Known, now: datetime, length: timedelta) -> bool:
    if known.read_at < known.rate.start + length + SETTLED:
        return True
    return bool(known.rate.pending) and now - known.read_at > PENDING


def _runs(starts: Sequence[datetime], length: timedelta) -> Iterator[list[datetime]]:
    """The intervals in runs without a gap."""
    run: list[datetime] = []
    for at in starts:
        if run and at - run[-1] != length:
            yield run
            run = []
        run.append(at)
    if run:
        yield run
