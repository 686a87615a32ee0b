"""Health figures: whether events arrive and are applied. Read in milliseconds whatever the size of the table."""

from dataclasses import dataclass

from sqlalchemy import Connection

from akako_guard.database import driver, faults
from akako_guard.database.session_settings import SETTINGS
from db import claims_vitals, clerk_vitals, deletion_holds, heartbeats, leases, schema, triggers
from db.claims_vitals import ClaimsVitals
from db.clerk_vitals import ClerkVitals
from db.heartbeats import Heartbeat

MOST_COUNTED = 100_000
"""Limit of the count per status; larger counts are reported as this number."""
LATEST = 200

# Loose index scan over (verified_by, received_at), because there are only a few distinct signing secrets.
SECRETS = """
    with recursive secrets (verified_by) as (
        (select verified_by from webhook_events order by verified_by limit 1)
        union all
        select (select events.verified_by from webhook_events as events
                where events.verified_by > secrets.verified_by order by events.verified_by limit 1)
        from secrets where secrets.verified_by is not null
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Health figures, by the database clock."""

    revision: str | None
    events: dict[str, int]
    """By status. `applied` and `ignored`, of which there may be millions, are estimates of PostgreSQL; the others are
    counted up to `MOST_COUNTED`."""
    deletions_held: int
    """Deletions that wait for a person, up to `MOST_COUNTED`."""
    oldest_due_seconds: float
    """Seconds since the oldest due event became due; 0 if none is due."""
    last_delivery_seconds: float | None
    """Seconds since the newest delivery was stored; None if there is none."""
    heartbeats: list[Heartbeat]
    applied_directly: bool
    """Whether a worker applies due events itself, since the queue takes no messages from it."""
    schema_faults: list[str]
    """Problems of the schema or its triggers, each with its remedy."""
    pooler_found: bool
    """Whether a pooler in transaction mode is in use that DATABASE_POOLER does not declare."""
    clerk: ClerkVitals
    claims: ClaimsVitals


def read(connection: Connection) -> Vitals:
    """Read all figures. Raises WrongSettings."""
    if wrong := wrong_settings(connection):
        raise faults.WrongSettings(wrong)
    return Vitals(
        revision=revision(connection),
        schema_faults=schema.faults(connection) + triggers.faults(connection),
        events=_estimated(connection) | _counted(connection),
        deletions_held=deletion_holds.count_open(connection, MOST_COUNTED),
        oldest_due_seconds=_oldest_due(connection),
        last_delivery_seconds=_last_delivery(connection),
        heartbeats=heartbeats.of_parts(connection),
        applied_directly=leases.is_held(connection, leases.DIRECT_APPLY),
        pooler_found=driver.of(connection).pooler_found,
        clerk=clerk_vitals.read(connection),
        claims=claims_vitals.read(connection),
    )


def wrong_settings(connection: Connection) -> list[str]:
    """The names of the session settings that differ from `SETTINGS`."""
    rows = connection.exec_driver_sql(
        "select name, pg_catalog.current_setting(name, true) from pg_catalog.unnest(%s::text[]) as needed (name)",
        (list(SETTINGS),),
    )
    return [name for name, value in rows if value != SETTINGS[name]]


def revision(connection: Connection) -> str | None:
    """The newest migration that was applied."""
    if connection.exec_driver_sql("select to_regclass('akako.alembic_version')").scalar_one() is None:
        return None
    found: str | None = connection.exec_driver_sql("select max(version_num) from akako.alembic_version").scalar_one()
    return found


def latest_lags(connection: Connection) -> list[float]:
    """Seconds from receipt to application of the most recent applied events, in ascending order."""
    rows = connection.exec_driver_sql(
        f"""
        select extract(epoch from applied_at - received_at)::float8 as lag
        from (
            select received_at, applied_at from webhook_events
            where status = 'applied' order by received_at desc limit {LATEST}
        ) as latest
        order by lag
        """  # noqa: S608 - constants only
    )
    return list(rows.scalars())


def _counted(connection: Connection) -> dict[str, int]:
    """Count each rare status through its partial index."""
    parts = " union all ".join(
        f"select '{status}', count(*) from (select from webhook_events where status = '{status}'"  # noqa: S608
        f" limit {MOST_COUNTED}) as few"
        for status in ("received", "parked", "discarded", "held")
    )
    return {status: count for status, count in connection.exec_driver_sql(parts)}  # noqa: C416 - a Row is not a pair


def _estimated(connection: Connection) -> dict[str, int]:
    rows = connection.exec_driver_sql(
        """
        select status, (share * greatest(reltuples, 0))::bigint
        from pg_class
        join pg_stats on schemaname = 'akako' and tablename = 'webhook_events' and attname = 'status'
        cross join unnest(most_common_vals::text::text[], most_common_freqs) as common (status, share)
        where pg_class.oid = to_regclass('akako.webhook_events') and status in ('applied', 'ignored')
        """
    )
    return {"applied": 0, "ignored": 0} | {status: count for status, count in rows}  # noqa: C416


def _oldest_due(connection: Connection) -> float:
    found = connection.exec_driver_sql(
        """
        select coalesce(extract(epoch from now() - min(next_attempt_at)), 0)::float8
        from webhook_events where status = 'received' and next_attempt_at <= now()
        """
    )
    return float(found.scalar_one())


def _last_delivery(connection: Connection) -> float | None:
    found = connection.exec_driver_sql(
        f"""
        {SECRETS}
        select extract(epoch from now() - max(
            (select max(received_at) from webhook_events where verified_by = secrets.verified_by)))::float8
        from secrets where verified_by is not null
        """  # noqa: S608
    )
    seconds: float | None = found.scalar_one()
    return None if seconds is None else max(0.0, seconds)
