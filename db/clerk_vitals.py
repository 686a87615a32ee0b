"""Whether Clerk answers, what was found by comparing with it, and whether webhooks arrive."""

from dataclasses import dataclass

from sqlalchemy import Connection

from db import clerk_instance, drift

MISSED_SECONDS = 3_600
"""How recent a missed change must be to say something about webhooks now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkVitals:
    """Figures about the pinned instance. Times are in seconds, by the database's clock; None if it never happened."""

    instance_id: str | None
    """None: no instance is pinned, so Clerk is not asked."""
    answered_seconds: float | None = None
    """Since Clerk last answered."""
    failures: int = 0
    """How many attempts in a row have failed."""
    failed_because: str | None = None
    walked_seconds: float | None = None
    """Since the last complete walk over all users ended."""
    unwalked_seconds: float | None = None
    """The same, or since the first walk began if none was complete yet."""
    gap: int | None = None
    """Users stored and not deleted, minus the users that Clerk counted last."""
    drift: dict[str, int]
    """Open differences by class."""
    missed: int = 0
    """Changes at Clerk in the last hour of which no webhook told in time."""
    arrived: bool = False
    """Whether any delivery arrived since the first of them."""


def read(connection: Connection) -> ClerkVitals:
    """Read all figures."""
    pin = clerk_instance.read(connection)
    if pin is None:
        return ClerkVitals(instance_id=None, drift={})
    answered, failures, because, gap = _progress(connection, pin.instance_id)
    walked, unwalked = _walked(connection, pin.instance_id)
    missed, arrived = _missed(connection)
    return ClerkVitals(
        instance_id=pin.instance_id,
        answered_seconds=answered,
        failures=failures,
        failed_because=because,
        walked_seconds=walked,
        unwalked_seconds=unwalked,
        gap=gap,
        drift=drift.open_counts(connection),
        missed=missed,
        arrived=arrived,
    )


def _progress(connection: Connection, instance_id: str) -> tuple[float | None, int, str | None, int | None]:
    row = connection.exec_driver_sql(
        """
        select extract(epoch from now() - answered_at)::float8, failures, failed_because, gap
        from reconciling where instance_id = %s
        """,
        (instance_id,),
    ).one_or_none()
    return (row[0], row[1], row[2], row[3]) if row else (None, 0, None, None)


def _walked(connection: Connection, instance_id: str) -> tuple[float | None, float | None]:
    row = connection.exec_driver_sql(
        """
        with ended as (
            select max(saved_at) filter (where outcome = 'complete') as at, min(started_at) as begun
            from walks where kind = 'reconcile' and instance_id = %s)
        select extract(epoch from now() - at)::float8, extract(epoch from now() - coalesce(at, begun))::float8
        from ended
        """,
        (instance_id,),
    ).one()
    return row[0], row[1]


def _missed(connection: Connection) -> tuple[int, bool]:
    """The number of recent changes that were missed, and whether any delivery arrived since the first of them."""
    row = connection.exec_driver_sql(
        f"""
        select count(*), exists (
            select from webhook_events where received_at > min(
                case when class = 'absent' then found_at - interval '{MISSED_SECONDS} seconds' else clerk_version end))
        from drift
        where found_at > now() - interval '{MISSED_SECONDS} seconds'
          and (class in ('missed_creation', 'missed_update')
               and clerk_version > now() - interval '{MISSED_SECONDS} seconds'
               or class = 'absent' and outcome in ('deleted', 'held') and not exists (
                   select from webhook_events
                   where clerk_user_id = drift.clerk_id and webhook_events.type = 'user.deleted'))
        """  # noqa: S608 - constants only
    ).one()
    return row[0], row[1]
