"""How many events were accepted and applied in equal intervals of time, and how long that took."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRate:
    """The events that were received in one interval."""

    start: datetime
    accepted: int = 0
    applied: int = 0
    """Of the accepted events, those that are applied."""
    pending: int = 0
    """Of the accepted events, those that are due and not applied."""
    lag_median: float | None = None
    """Seconds from receipt to application; None if no event is applied."""
    lag_p99: float | None = None
    types: dict[str, int] = field(default_factory=dict)
    """Accepted events by type."""


def read(connection: Connection, start: datetime, end: datetime, seconds: int) -> list[EventRate]:
    """The rates of the intervals of this length from `start` until `end` in which events were received."""
    rows = connection.exec_driver_sql(
        """
        select start, type, count(*), count(applied_at), count(*) filter (where status = 'received'),
               percentile_disc(array[0.5, 0.99]) within group (order by lag)
        from (
            select date_bin(make_interval(secs => %(seconds)s), received_at, 'epoch') as start,
                   coalesce(type, '') as type, status, applied_at,
                   extract(epoch from applied_at - received_at)::float8 as lag
            from webhook_events where received_at >= %(start)s and received_at < %(end)s) as events
        group by grouping sets ((start), (start, type)) order by start, type nulls first
        """,
        {"start": start, "end": end, "seconds": seconds},
    )
    rates: list[EventRate] = []
    for at, kind, accepted, applied, pending, lags in rows:
        if kind is None:
            median, p99 = lags or (None, None)
            rates.append(
                EventRate(start=at, accepted=accepted, applied=applied, pending=pending, lag_median=median, lag_p99=p99)
            )
        else:
            rates[-1].types[kind] = accepted
    return rates


def day_ago(connection: Connection) -> datetime:
    """The time 24 hours ago, by the database's clock."""
    at: datetime = connection.exec_driver_sql("select now() - interval '24 hours'").scalar_one()
    return at


def types_since(connection: Connection, start: datetime) -> dict[str, int]:
    """The number of events received since `start`, by type, the most frequent first."""
    rows = connection.exec_driver_sql(
        """
        select coalesce(type, ''), count(*) from webhook_events where received_at >= %s
        group by type order by count(*) desc, type
        """,
        (start,),
    )
    return {kind: count for kind, count in rows}  # noqa: C416 - a Row is not a pair
