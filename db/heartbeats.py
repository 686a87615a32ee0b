"""Heartbeats of the worker and the scheduler, which each writes every few seconds."""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The heartbeat of one component, by the database clock."""

    part: str
    moved_seconds_ago: float
    """Since one of its processes last made progress, or found no work."""
    seen_seconds_ago: float
    """Since one of its processes last wrote a heartbeat."""


def note(connection: Connection, part: str, stalled_seconds: float) -> None:
    """Write a heartbeat with the time of the last progress. No fsync: losing recent heartbeats is harmless."""
    connection.exec_driver_sql(
        """
        with asynchronous as materialized (select set_config('synchronous_commit', 'off', true))
        insert into heartbeats (part, moved_at)
        select %s, now() - make_interval(secs => %s) from asynchronous
        on conflict (part) do update
        set moved_at = greatest(heartbeats.moved_at, excluded.moved_at), seen_at = excluded.seen_at
        """,
        (part, stalled_seconds),
    )


def of_parts(connection: Connection) -> list[Heartbeat]:
    """The heartbeats of all components, ordered by name."""
    rows = connection.exec_driver_sql(
        """
        select part, greatest(0, extract(epoch from now() - moved_at))::float8,
               greatest(0, extract(epoch from now() - seen_at))::float8
        from heartbeats order by part
        """
    )
    return [Heartbeat(*row) for row in rows]
