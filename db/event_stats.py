"""How many kept events there are, by status, type and reason, counted through indexes only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.event_filter import EventStatus


@dataclass(frozen=True, slots=True)
class EventCount:
    """So many events of one kind."""

    name: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStats:
    """The kept events in figures."""

    statuses: list[EventCount]
    due: int
    """Events that should have been applied by now."""
    oldest_due_at: datetime | None
    """Since when the longest due of them is."""
    last_received_at: datetime | None
    types_of_last_day: list[EventCount]
    """By type, of what was received in the last 24 hours."""
    why_parked: list[EventCount]
    """The most frequent reasons, at most twenty."""


def read(connection: Connection) -> EventStats:
    """Count them."""
    due, oldest = _due(connection)
    return EventStats(
        statuses=_statuses(connection),
        due=due,
        oldest_due_at=oldest,
        last_received_at=connection.exec_driver_sql("select max(received_at) from webhook_events").scalar_one(),
        types_of_last_day=_shares(
            connection,
            """
            select coalesce(type, ''), count(*) from webhook_events where received_at >= now() - interval '24 hours'
            group by type order by count(*) desc, type
            """,
        ),
        why_parked=_shares(
            connection,
            """
            select coalesce(last_error, ''), count(*) from webhook_events where status = 'parked'
            group by last_error order by count(*) desc, last_error limit 20
            """,
        ),
    )


def _statuses(connection: Connection) -> list[EventCount]:
    """All but the applied are few and have an index of their own; the applied are the rest."""
    rows = connection.exec_driver_sql(
        """
        select status, count(*) from webhook_events where status in ('ignored', 'parked', 'discarded') group by status
        union all select 'received', count(*) from webhook_events where status = 'received'
        union all select 'applied', count(*) from webhook_events
        """
    )
    found = {name: count for name, count in rows}  # noqa: C416 - a Row is no pair to a type checker
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


def _shares(connection: Connection, statement: str) -> list[EventCount]:
    return [EventCount(*row) for row in connection.exec_driver_sql(statement)]
