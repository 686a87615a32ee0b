"""Counts stored events by status, type and reason, using only indexes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.event_filter import EventStatus


@dataclass(frozen=True, slots=True)
class EventCount:
    """Number of events with one status, type or reason."""

    name: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStats:
    """Statistics about stored events."""

    statuses: list[EventCount]
    due: int
    """Number of events that are due and not applied."""
    oldest_due_at: datetime | None
    """When the oldest due event became due."""
    last_received_at: datetime | None
    types_of_last_day: list[EventCount]
    """Events received in the last 24 hours, by type."""
    why_parked: list[EventCount]
    """Parked events by reason: the 20 most frequent reasons."""


def read(connection: Connection) -> EventStats:
    """Read the statistics."""
    due, oldest = _due(connection)
    return EventStats(
        statuses=_statuses(connection),
        due=due,
        oldest_due_at=oldest,
        last_received_at=connection.exec_driver_sql("select max(received_at) from webhook_events").scalar_one(),
        types_of_last_day=_counts(
            connection,
            """
            select coalesce(type, ''), count(*) from webhook_events where received_at >= now() - interval '24 hours'
            group by type order by count(*) desc, type
            """,
        ),
        why_parked=_counts(
            connection,
            """
            select coalesce(last_error, ''), count(*) from webhook_events where status = 'parked'
            group by last_error order by count(*) desc, last_error limit 20
            """,
        ),
    )


def _statuses(connection: Connection) -> list[EventCount]:
    """Statuses other than `applied` are rare and have their own indexes; `applied` is the difference to the total."""
    rows = connection.exec_driver_sql(
        """
        select status, count(*) from webhook_events where status in ('ignored', 'parked', 'discarded', 'held')
        group by status
        union all select 'received', count(*) from webhook_events where status = 'received'
        union all select 'applied', count(*) from webhook_events
        """
    )
    found = {name: count for name, count in rows}  # noqa: C416 - type checkers do not treat a Row as a pair
    found[EventStatus.APPLIED] -= sum(count for name, count in found.items() if name != EventStatus.APPLIED)
    return [EventCount(status.value, found.get(status, 0)) for status in EventStatus]


def _due(connection: Connection) -> tuple[int, datetime | None]:
    found = connection.exec_driver_sql(
        """
        select count(*), min(next_attempt_at) from webhook_events
        where status = 'received' and next_attempt_at <= now()
        """
    ).one()
    return found[0], found[1]


def _counts(connection: Connection, statement: str) -> list[EventCount]:
    return [EventCount(*row) for row in connection.exec_driver_sql(statement)]
