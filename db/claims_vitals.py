"""Figures about the pushes of roles to Clerk. Read in milliseconds, whatever the number of users."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from db import claims, claims_switch

MOST_COUNTED = 100_000
"""Limit of the counts; larger ones are reported as this number."""
ECHO_SECONDS = 600
"""How soon after a push Clerk's webhook of it must have arrived."""
EARLY_SECONDS = 60
"""How long before the push was recorded it may have arrived: Clerk can send it before it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsVitals:
    """Figures by the database's clock. All are 0 while claims are off."""

    is_on: bool = False
    stopped_because: str | None = None
    """Why nothing is pushed: the instance or the database is another one."""
    is_seeded: bool = False
    """Whether the first push has marked all users."""
    due: int = 0
    """Up to `MOST_COUNTED`."""
    oldest_due_seconds: float = 0
    """For how long the user that is due the longest has been."""
    oldest_change_seconds: float = 0
    """The same without the first push of users who only hold the default role, and with pushes that fail."""
    failing: int = 0
    """Users whose push failed and is tried again, up to `MOST_COUNTED`."""
    parked: dict[str, int] = field(default_factory=dict)
    """Users that are not pushed until a person acts, by reason."""
    echo_missing: bool = False
    """Whether no delivery arrived since a push ten minutes ago or earlier."""


def read(connection: Connection) -> ClaimsVitals:
    """Read all figures."""
    switch = claims_switch.read(connection)
    if switch is None or not switch.is_on:
        return ClaimsVitals()
    due, oldest, oldest_change = _due(connection)
    failing, failing_seconds = _failing(connection)
    return ClaimsVitals(
        is_on=True,
        stopped_because=switch.stopped_because,
        is_seeded=switch.is_seeded,
        due=due,
        oldest_due_seconds=oldest,
        oldest_change_seconds=max(oldest_change, failing_seconds),
        failing=failing,
        parked=parked(connection),
        echo_missing=_echo_missing(connection),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far pushes came. Counts all users, which takes about a second for a million."""

    users: int
    """Users that are not deleted."""
    pushed: int
    """Those of them whose roles Clerk has had at least once."""
    last_minute: int
    """Users pushed in the last minute."""


def progress(connection: Connection) -> Progress:
    """Count the users pushed so far."""
    row = connection.exec_driver_sql(
        """
        select count(*) as users, count(*) filter (where pushed is not null) as pushed,
               count(*) filter (where pushed_at > now() - interval '1 minute') as last_minute
        from users left join claims on user_id = users.id where deleted_at is null
        """
    ).one()
    return Progress(**row._asdict())


def parked(connection: Connection) -> dict[str, int]:
    """The number of parked users by reason; 0 where there is none."""
    rows = connection.exec_driver_sql(
        f"""
        select parked, count(*) from (
            select parked from claims where parked is not null limit {MOST_COUNTED}) as few group by parked
        """  # noqa: S608 - constants only
    )
    return dict.fromkeys(claims.PARKED, 0) | {reason: count for reason, count in rows}  # noqa: C416 - no pair


def _due(connection: Connection) -> tuple[int, float, float]:
    """The number of due users, for how many seconds the first has been due, and the first of those with a change."""
    row = connection.exec_driver_sql(
        f"""
        select count(*), coalesce(extract(epoch from now() - min(due_at)), 0)::float8,
               coalesce(extract(epoch from now() - min(due_at) filter (where level <= {claims.CHANGED})), 0)::float8
        from (
            select level, due_at from generate_series(0, {claims.SEEDED}) as level cross join lateral (
                select due_at from claims where priority = level and due_at <= now() and parked is null
                order by due_at limit {MOST_COUNTED}) as of_level
            limit {MOST_COUNTED}) as few
        """  # noqa: S608 - constants only
    ).one()
    return row[0], row[1], row[2]


def _failing(connection: Connection) -> tuple[int, float]:
    """The number of users whose push failed, and for how many seconds the first of them has been due."""
    row = connection.exec_driver_sql(
        f"""
        select count(*), coalesce(extract(epoch from now() - min(failing_since)), 0)::float8
        from (select failing_since from claims where failing_since is not null
              order by failing_since limit {MOST_COUNTED}) as few
        """  # noqa: S608 - constants only
    ).one()
    return row[0], row[1]


def _echo_missing(connection: Connection) -> bool:
    found = connection.exec_driver_sql(
        f"""
        with last as (
            select max(pushed_at) as at from claims where pushed_at < now() - interval '{ECHO_SECONDS} seconds')
        select coalesce(at is not null and not exists (
            select from webhook_events where received_at > at - interval '{EARLY_SECONDS} seconds'), false)
        from last
        """  # noqa: S608 - constants only
    )
    return bool(found.scalar_one())
