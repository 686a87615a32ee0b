"""When worker and calendar last moved, as they write it down themselves every few seconds."""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One part, by the database's clock."""

    part: str
    moved_seconds_ago: float
    """Since one of its processes last did something, or saw that there was nothing to do."""
    seen_seconds_ago: float
    """Since one of its processes last wrote here."""


def note(connection: Connection, part: str, still_seconds: float) -> None:
    """Write down that a part lives, and how long ago it moved. Losing the newest few costs nothing: no fsync."""
    connection.exec_driver_sql(
        """
        with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
        insert into heartbeats (part, moved_at)
        select %s, now() - make_interval(secs => %s) from unhurried
        on conflict (part) do update
        set moved_at = greatest(heartbeats.moved_at, excluded.moved_at), seen_at = excluded.seen_at
        """,
        (part, still_seconds),
    )


def of_parts(connection: Connection) -> list[Heartbeat]:
    """What is known of each part, by its name."""
    rows = connection.exec_driver_sql(
        """
        select part, greatest(0, extract(epoch from now() - moved_at))::float8,
               greatest(0, extract(epoch from now() - seen_at))::float8
        from heartbeats order by part
        """
    )
    return [Heartbeat(*row) for row in rows]
