"""Counts deliveries in intervals of the last hour or day, and keeps the counts of closed intervals."""

import threading
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from db import activity, clock
from db.activity import Interval

CLOSED = timedelta(minutes=2)
"""How long after its end an interval without pending events is not counted again."""


class Span(StrEnum):
    """The time that is shown."""

    HOUR = "hour"
    DAY = "day"


SPANS = {Span.HOUR: (timedelta(hours=1), 60), Span.DAY: (timedelta(days=1), 900)}
"""Length, and seconds of an interval."""


class ActivityCache:
    """Keeps the counts of closed intervals, so that only the newest ones are counted for a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed: dict[Span, dict[datetime, Interval]] = {span: {} for span in Span}

    def read(self, connection: Connection, span: Span) -> tuple[datetime, list[Interval]]:
        """The time by the database's clock, and all intervals of the span. One thread at a time counts."""
        length, seconds = SPANS[span]
        now = clock.now(connection)
        wanted = activity.starts(now - length, now, seconds)
        with self._lock:
            closed = {start: each for start, each in self._closed[span].items() if start >= wanted[0]}
            first = next((start for start in wanted if start not in closed), wanted[-1])
            counted = {each.start: each for each in activity.intervals(connection, first, now, seconds)}
            found = [closed.get(start) or counted.get(start) or _empty(start) for start in wanted]
            until = now - CLOSED - timedelta(seconds=seconds)
            self._closed[span] = {each.start: each for each in found if each.start <= until and not each.pending}
        return now, found


def _empty(start: datetime) -> Interval:
    return Interval(start=start, accepted=0, applied=0, pending=0, lag_median=None, lag_p95=None)
