"""Counts deliveries in intervals of the last hour or day, and keeps the counts of closed intervals."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from db import activity, clock
from db.activity import Interval

CLOSED = timedelta(minutes=2)
"""How long after its end an interval may still get deliveries: their times are set before they are committed."""
PENDING = timedelta(seconds=30)
"""How long the counts of an older interval with pending events are kept."""


class Span(StrEnum):
    """The time that is shown."""

    HOUR = "hour"
    DAY = "day"


SPANS = {Span.HOUR: (timedelta(hours=1), 60), Span.DAY: (timedelta(days=1), 900)}
"""Length, and seconds of an interval."""


@dataclass(frozen=True, slots=True)
class _Counted:
    interval: Interval
    at: datetime


class ActivityCache:
    """Keeps the counts of closed intervals, so that only the newest ones are counted for a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[Span, dict[datetime, _Counted]] = {span: {} for span in Span}

    def read(self, connection: Connection, span: Span) -> tuple[datetime, list[Interval]]:
        """The time by the database's clock, and all intervals of the span. One thread at a time counts."""
        span_length, seconds = SPANS[span]
        now, length = clock.now(connection), timedelta(seconds=seconds)
        wanted = activity.starts(now - span_length, now, seconds)
        with self._lock:
            kept = {
                start: each
                for start, each in self._counted[span].items()
                if start >= wanted[0] and _is_current(each, now, length)
            }
            for run in _runs([start for start in wanted if start not in kept], length):
                counted = {
                    each.start: each for each in activity.intervals(connection, run[0], run[-1] + length, seconds)
                }
                kept |= {start: _Counted(counted.get(start) or _empty(start), now) for start in run}
            self._counted[span] = kept
        return now, [kept[start].interval for start in wanted]


def _is_current(counted: _Counted, now: datetime, length: timedelta) -> bool:
    """Whether an interval need not be counted again."""
    if counted.at < counted.interval.start + length + CLOSED:
        return False
    return not counted.interval.pending or now - counted.at < PENDING


def _runs(starts: Sequence[datetime], length: timedelta) -> Iterator[list[datetime]]:
    """The intervals in runs without a gap."""
    run: list[datetime] = []
    for start in starts:
        if run and start - run[-1] != length:
            yield run
            run = []
        run.append(start)
    if run:
        yield run


def _empty(start: datetime) -> Interval:
    return Interval(start=start, accepted=0, applied=0, pending=0, lag_median=None, lag_p95=None)
