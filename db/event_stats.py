"""Counts stored events by status, type and reason. Reads few rows whatever the size of the table."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db import event_reasons
from db.event_filter import EventFilter, EventStatus

MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class EventCount:
    """Number of events with one status, type or reason."""

    name: str
    events: int
    exact: bool = True
    """False above `MOST_COUNTED`: then `events` is an estimate of PostgreSQL, or `MOST_COUNTED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStats:
    """Statistics about stored events."""

    statuses: list[EventCount]
    due: EventCount
    """Events that are due and not applied."""
    oldest_due_at: datetime | None
    """When the oldest due event became due."""
    last_received_at: datetime | None
    types_of_last_day: list[EventCount]
    """Events received in the last 24 hours, by type."""
    why_parked: list[EventCount]
    """Parked events by kind of reason: the 20 most frequent kinds."""


def read(connection: Connection, types_of_last_day: list[EventCount] | None = None) -> EventStats:
    """Read the statistics. Counts the types of the last day, which reads all of its events, unless they are given."""
    if types_of_last_day is None:
        types_of_last_day = _types_of_last_day(connection)
    return EventStats(
        statuses=_statuses(connection),
        due=_capped("due", _due(connection)),
        oldest_due_at=connection.exec_driver_sql(
            "select min(next_attempt_at) from webhook_events where status = 'received' and next_attempt_at <= now()"
        ).scalar_one(),
        last_received_at=connection.exec_driver_sql("select max(received_at) from webhook_events").scalar_one(),
        types_of_last_day=types_of_last_day,
        why_parked=[_capped(each.kind, each.events) for each in event_reasons.count(connection, EventStatus.PARKED)],
    )


@dataclass(frozen=True, slots=True)
class MatchingEvents:
    """The events that match a filter, by kind of reason."""

    total: EventCount
    reasons: list[EventCount]
    """The 50 most frequent kinds; the name is empty for events without a reason."""


def matching(connection: Connection, selection: EventFilter) -> MatchingEvents:
    """Count the events that match a filter."""
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    where, parameters = selection.sql()
    counted = [
        _capped(each.kind, each.events) for each in event_reasons.count_matching(connection, where, parameters, 50)
    ]
    without = connection.exec_driver_sql(
        f"""
        select count(*) from (
            select from webhook_events where last_error is null and {where} limit {MOST_COUNTED + 1}) as few
        """,  # noqa: S608
        parameters,
    ).scalar_one()
    reasons = [*counted, *([_capped("", without)] if without else [])]
    total = sum(each.events for each in reasons)
    exact = all(each.exact for each in reasons)
    return MatchingEvents(EventCount("all", total if exact else max(total, MOST_COUNTED), exact=exact), reasons)


def _statuses(connection: Connection) -> list[EventCount]:
    """Statuses other than `applied` are counted through their indexes; `applied` is the difference to the total."""
    limited = f"limit {MOST_COUNTED + 1}"
    parts = " union all ".join(
        f"select '{status}', count(*) from (select from webhook_events where status = '{status}' {limited}) as few"  # noqa: S608
        for status in EventStatus
        if status is not EventStatus.APPLIED
    )
    rows = connection.exec_driver_sql(
        f"{parts} union all select 'all', count(*) from (select from webhook_events {limited}) as few"  # noqa: S608
    )
    found: dict[str, int] = {name: count for name, count in rows}  # noqa: C416 - a Row is not a pair
    total = found.pop("all")
    if total <= MOST_COUNTED:
        found[EventStatus.APPLIED] = total - sum(found.values())
        return [EventCount(status.value, found[status]) for status in EventStatus]
    estimates = _estimates(connection)
    return [
        EventCount(status.value, found[status])
        if found.get(status, total) <= MOST_COUNTED
        else EventCount(status.value, estimates.get(status, MOST_COUNTED), exact=False)
        for status in EventStatus
    ]


def _estimates(connection: Connection) -> dict[str, int]:
    """PostgreSQL's estimates for the frequent statuses."""
    rows = connection.exec_driver_sql(
        """
        select status, (share * greatest(reltuples, 0))::bigint
        from pg_class
        join pg_stats on schemaname = 'akako' and tablename = 'webhook_events' and attname = 'status'
        cross join unnest(most_common_vals::text::text[], most_common_freqs) as common (status, share)
        where pg_class.oid = to_regclass('akako.webhook_events')
        """
    )
    return {status: count for status, count in rows}  # noqa: C416 - a Row is not a pair


def _types_of_last_day(connection: Connection) -> list[EventCount]:
    rows = connection.exec_driver_sql(
        """
        select coalesce(type, ''), count(*) from webhook_events where received_at >= now() - interval '24 hours'
        group by type order by count(*) desc, type
        """
    )
    return [EventCount(*row) for row in rows]


def _due(connection: Connection) -> int:
    found = connection.exec_driver_sql(
        f"""
        select count(*) from (
            select from webhook_events where status = 'received' and next_attempt_at <= now()
            limit {MOST_COUNTED + 1}) as few
        """  # noqa: S608
    )
    return int(found.scalar_one())


def _capped(name: str, counted: int) -> EventCount:
    return EventCount(name, min(counted, MOST_COUNTED), exact=counted <= MOST_COUNTED)
