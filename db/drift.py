"""Differences found by reconciling: open until they end by themselves, are repaired, or a person acts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

CLASSES = ("missed_creation", "missed_update", "differs", "ahead", "absent", "returned")
"""The classes that are recorded."""
MOST_ABSENT = 50_000
"""New absent users that one walk records: more than are checked within an hour, and quick to record."""
_COLUMNS = (
    "id, clerk_id, class, fields, our_version, clerk_version, walk_id, found_at, checked_at, next_check_at, gone_at,"
    " ended_at, outcome"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """A recorded difference. Times are the database's."""

    id: int
    clerk_id: str
    kind: str
    fields: list[str]
    """Names of the columns that differ; no values."""
    our_version: datetime | None
    clerk_version: datetime | None
    walk_id: int | None
    """The walk that found it; None if the latest updates showed it."""
    found_at: datetime
    checked_at: datetime
    next_check_at: datetime
    gone_at: datetime | None
    """When Clerk first said that it does not have the user."""
    ended_at: datetime | None
    outcome: str | None
    """`resolved`, `repaired`, `deleted` or `held`; None while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference to record."""

    clerk_id: str
    kind: str
    fields: Sequence[str] = ()
    our_version: datetime | None = None
    clerk_version: datetime | None = None


def record(
    connection: Connection, findings: Sequence[Finding], walk_id: int | None, check_seconds: float
) -> dict[str, int]:
    """Record differences, or bring the open ones of these users up to date; returns their ids by Clerk id.

    Each is checked again after `check_seconds`.
    """
    rows = connection.exec_driver_sql(
        """
        insert into drift (clerk_id, class, fields, our_version, clerk_version, walk_id, next_check_at)
        select clerk_id, class, string_to_array(fields, ','), our_version, clerk_version, %(walk)s,
               now() + make_interval(secs => %(seconds)s)
        from unnest(%(ids)b::text[], %(kinds)b::text[], %(fields)b::text[], %(ours)b::timestamptz[],
                    %(clerks)b::timestamptz[]) as found (clerk_id, class, fields, our_version, clerk_version)
        order by clerk_id
        on conflict (clerk_id) where ended_at is null do update
        set class = excluded.class, fields = excluded.fields, our_version = excluded.our_version,
            clerk_version = excluded.clerk_version, checked_at = now(), next_check_at = excluded.next_check_at,
            gone_at = case when excluded.class = 'absent' then drift.gone_at end
        returning clerk_id, id
        """,
        {
            "walk": walk_id,
            "seconds": check_seconds,
            "ids": [finding.clerk_id for finding in findings],
            "kinds": [finding.kind for finding in findings],
            "fields": [",".join(finding.fields) for finding in findings],
            "ours": [finding.our_version for finding in findings],
            "clerks": [finding.clerk_version for finding in findings],
        },
    )
    return {clerk_id: row_id for clerk_id, row_id in rows}  # noqa: C416 - type checkers do not treat a Row as a pair


def record_absent(connection: Connection, walk_id: int, found: bytes, before: datetime) -> int:
    """Record as absent all living users stored before a time whose bit in `found` is not set; returns how many.

    Records up to `MOST_ABSENT`, and the next walk as many others. Counts all of them, also those that are recorded as
    absent already, but not those whose deletion is held: a person decides about them.
    `found` has one bit per row id of a user: bit `id % 8` (from the lowest) of byte `id / 8`. Reads all users.
    """
    counted = connection.exec_driver_sql(
        """
        with absent as (
            select clerk_id, clerk_updated_at
            from users
            where deleted_at is null and created_at < %(before)s
              and (id >= 8 * octet_length(%(found)b::bytea) or get_bit(%(found)b::bytea, id) = 0)
              and not exists (
                  select from deletion_holds where deletion_holds.clerk_id = users.clerk_id and ended_at is null)),
        recorded as (
            insert into drift (clerk_id, class, our_version, walk_id)
            select clerk_id, 'absent', clerk_updated_at, %(walk)s from absent
            where not exists (
                select from drift where drift.clerk_id = absent.clerk_id and ended_at is null and class = 'absent')
            order by clerk_id limit %(most)s
            on conflict (clerk_id) where ended_at is null do update
            set class = excluded.class, walk_id = excluded.walk_id, next_check_at = excluded.next_check_at
            where drift.class <> 'absent')
        select count(*) from absent
        """,
        {"walk": walk_id, "found": found, "before": before, "most": MOST_ABSENT},
    )
    return int(counted.scalar_one())


def due(connection: Connection, most: int) -> list[Drift]:
    """Up to `most` open differences that are due to be checked again, longest due first."""
    rows = connection.exec_driver_sql(
        f"""
        select {_COLUMNS} from drift where ended_at is null and next_check_at <= now()
        order by next_check_at, id limit %s
        """,  # noqa: S608 - constants only
        (most,),
    )
    return [Drift(*row) for row in rows]


def note_gone(connection: Connection, ids: Collection[int], check_seconds: float) -> None:
    """Record that Clerk says for the first time that it does not have these users."""
    connection.exec_driver_sql(
        """
        update drift set gone_at = coalesce(gone_at, now()), checked_at = now(),
                         next_check_at = now() + make_interval(secs => %s)
        where id = any(%s) and ended_at is null
        """,
        (check_seconds, list(ids)),
    )


def postpone(connection: Connection, ids: Collection[int], check_seconds: float) -> None:
    """Check these differences again later."""
    connection.exec_driver_sql(
        """
        update drift set checked_at = now(), next_check_at = now() + make_interval(secs => %s)
        where id = any(%s) and ended_at is null
        """,
        (check_seconds, list(ids)),
    )


def end(connection: Connection, ids: Collection[int], outcome: str) -> int:
    """End open differences with this outcome; returns how many."""
    ended = connection.exec_driver_sql(
        "update drift set ended_at = now(), outcome = %s, checked_at = now() where id = any(%s) and ended_at is null",
        (outcome, list(ids)),
    )
    return ended.rowcount


def end_of_users(connection: Connection, clerk_ids: Collection[str], outcome: str) -> int:
    """End the open differences of these users with this outcome; returns how many."""
    ended = connection.exec_driver_sql(
        """
        update drift set ended_at = now(), outcome = %(outcome)s, checked_at = now()
        where clerk_id = any(%(ids)b::text[]) and ended_at is null
        """,
        {"outcome": outcome, "ids": list(clerk_ids)},
    )
    return ended.rowcount


def end_all(connection: Connection, outcome: str) -> None:
    """End all open differences with this outcome."""
    connection.exec_driver_sql("update drift set ended_at = now(), outcome = %s where ended_at is null", (outcome,))


def page(
    connection: Connection, *, kind: str | None, user: str | None, open_only: bool, most: int, before: int | None = None
) -> list[Drift]:
    """Up to `most` differences with ids below `before`, newest first."""
    rows = connection.exec_driver_sql(
        f"""
        select {_COLUMNS} from drift
        where (%(kind)s::text is null or class = %(kind)s) and (%(user)s::text is null or clerk_id = %(user)s)
          and (not %(open_only)s or ended_at is null) and (%(before)s::bigint is null or id < %(before)s)
        order by id desc limit %(most)s
        """,  # noqa: S608 - constants only
        {"kind": kind, "user": user, "open_only": open_only, "before": before, "most": most},
    )
    return [Drift(*row) for row in rows]


def get(connection: Connection, drift_id: int) -> Drift | None:
    """One difference; None if there is none with this id."""
    row = connection.exec_driver_sql(
        f"select {_COLUMNS} from drift where id = %s",  # noqa: S608 - constants only
        (drift_id,),
    ).one_or_none()
    return Drift(*row) if row else None


def of_ids(connection: Connection, ids: Collection[int]) -> list[Drift]:
    """The differences with these ids, in the order of their ids."""
    rows = connection.exec_driver_sql(
        f"select {_COLUMNS} from drift where id = any(%(ids)b::bigint[]) order by id",  # noqa: S608 - constants only
        {"ids": list(ids)},
    )
    return [Drift(*row) for row in rows]


def open_ids(connection: Connection, kind: str | None) -> list[int]:
    """The ids of all open differences, of this class if one is given, newest first."""
    rows = connection.exec_driver_sql(
        """
        select id from drift where ended_at is null and (%(kind)s::text is null or class = %(kind)s) order by id desc
        """,
        {"kind": kind},
    )
    return list(rows.scalars())


def open_counts(connection: Connection) -> dict[str, int]:
    """The number of open differences by class."""
    rows = connection.exec_driver_sql("select class, count(*) from drift where ended_at is null group by class")
    return {kind: count for kind, count in rows}  # noqa: C416 - type checkers do not treat a Row as a pair
