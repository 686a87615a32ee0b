"""Counts deliveries and their lag by the time they were received, in intervals of equal length."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The deliveries received in an interval."""

    start: datetime
    accepted: int
    applied: int
    """How many of them are applied."""
    pending: int
    """How many of them wait to be applied."""
    lag_median: float | None
    """Median of the seconds from receipt to application; None if none is applied."""
    lag_p95: float | None
    """95th percentile of the same."""
    types: dict[str, int] = field(default_factory=dict)
    """Deliveries by type."""


def start_of(at: datetime, seconds: int) -> datetime:
    """The start of the interval of this length that contains a time."""
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)


def starts(since: datetime, until: datetime, seconds: int) -> Sequence[datetime]:
    """The starts of all intervals from the one that contains `since` to the one that contains `until`."""
    first, last = start_of(since, seconds), start_of(until, seconds)
    count = round((last - first).total_seconds()) // seconds + 1
    return [first + timedelta(seconds=seconds * place) for place in range(count)]


def intervals(connection: Connection, since: datetime, until: datetime, seconds: int) -> list[Interval]:
    """The intervals with deliveries received at or after `since` and before `until`, oldest first."""
    rows = connection.exec_driver_sql(
        """
        select starts, type, count(*), count(*) filter (where status = 'applied'),
               count(*) filter (where status = 'received'),
               percentile_cont(array[0.5, 0.95]) within group (order by lag) filter (where status = 'applied')
        from (
            select floor(extract(epoch from received_at) / %(seconds)s) * %(seconds)s as starts,
                   coalesce(type, '') as type, status, extract(epoch from applied_at - received_at) as lag
            from webhook_events where received_at >= %(since)s and received_at < %(until)s) as events
        group by grouping sets ((starts), (starts, type)) order by starts, type nulls first
        """,
        {"seconds": seconds, "since": since, "until": until},
    )
    found: list[Interval] = []
    for start, kind, accepted, applied, pending, lags in rows:
        if kind is not None:
            found[-1].types[kind] = accepted
            continue
        found.append(
            Interval(
                start=datetime.fromtimestamp(float(start), UTC),
                accepted=accepted,
                applied=applied,
                pending=pending,
                lag_median=lags[0] if lags else None,
                lag_p95=lags[1] if lags else None,
            )
        )
    return found


def types(intervals: Iterable[Interval]) -> dict[str, int]:
    """Deliveries by type, the most frequent first."""
    total = Counter[str]()
    for each in intervals:
        total.update(each.types)
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], pair[0])))
