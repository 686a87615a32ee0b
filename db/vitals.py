"""The vital signs: what tells whether events come and are applied, read in milliseconds however large the table is."""

from dataclasses import dataclass

from sqlalchemy import Connection

from db import driver, faults, heartbeats, schema
from db.heartbeats import Heartbeat
from db.session import SETTINGS

MOST_COUNTED = 100_000
"""Of one status; more are told as this many."""
LATEST = 200

# Walks from one signing secret to the next through the index on (verified_by, received_at): there are a handful.
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
    """What a look at the database shows, by its clock."""

    revision: str | None
    events: dict[str, int]
    """By status. Those that wait or are set aside are counted, up to `MOST_COUNTED`; `applied` and `ignored`, which
    may be millions, are PostgreSQL's own estimate."""
    oldest_due_seconds: float
    """For how long the longest due event should have been applied; 0 if none is due."""
    last_delivery_seconds: float | None
    """Since the newest delivery was kept; None if there never was one."""
    heartbeats: list[Heartbeat]
    schema_faults: list[str]
    """Why the schema of the tables cannot be trusted, each with its remedy."""
    pooler_found: bool
    """Whether a pooler in transaction mode is in use, and DATABASE_POOLER does not say so."""


def read(connection: Connection) -> Vitals:
    """Read them all. Raises WrongSettings."""
    if wrong := wrong_settings(connection):
        raise faults.WrongSettings(wrong)
    return Vitals(
        revision=revision(connection),
        schema_faults=schema.faults(connection),
        events=_estimated(connection) | _counted(connection),
        oldest_due_seconds=_oldest_due(connection),
        last_delivery_seconds=_last_delivery(connection),
        heartbeats=heartbeats.of_parts(connection),
        pooler_found=driver.of(connection).pooler_found,
    )


def wrong_settings(connection: Connection) -> list[str]:
    """The names of the session settings that are not as `SETTINGS` has them, whoever changed them."""
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
    """Seconds from being kept to being applied, of the newest events that are applied, the shortest first."""
    rows = connection.exec_driver_sql(
        f"""
        select extract(epoch from applied_at - received_at)::float8 as lag
        from (
            select received_at, applied_at from webhook_events
            where status = 'applied' order by received_at desc limit {LATEST}
        ) as latest
        order by lag
        """  # noqa: S608 - constants of ours
    )
    return list(rows.scalars())


def _counted(connection: Connection) -> dict[str, int]:
    """Each status through the index of the few rows that have it."""
    parts = " union all ".join(
        f"select '{status}', count(*) from (select from webhook_events where status = '{status}'"  # noqa: S608
        f" limit {MOST_COUNTED}) as few"
        for status in ("received", "parked", "discarded")
    )
    return {status: count for status, count in connection.exec_driver_sql(parts)}  # noqa: C416 - a Row is no pair


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
