"""What was pushed to Clerk for each user, and when the next push is due. A due time, not a job, decides about it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

PARKED = ("another_installation", "another_writer", "refused")
"""Why a user is not pushed until a person acts."""
CHANGED = 1
"""The least urgent priority of a change; users of the first push without another role than the default one follow."""
SEEDED = 2


@dataclass(frozen=True, slots=True)
class Leased:
    """A user taken for a push."""

    user_id: int
    clerk_id: str
    pushed_version: datetime | None
    """Clerk's `updated_at` at which the pushed value was seen."""
    takes_over: bool
    """Whether a person asked to replace the marker of another installation."""
    has_failed: bool
    """Whether the last push failed, which Clerk may have made nevertheless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The assignments of a user that are held now or later."""

    now: datetime
    """The database's time of the reading."""
    is_barred: bool
    """Banned, deleted, or confirmed by Clerk as deleted: holds no role."""
    is_deleted: bool
    windows: tuple[tuple[str, datetime, datetime | None], ...]
    """Role, start, end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is recorded of one user."""

    user_id: int
    clerk_id: str
    due_at: datetime | None
    pushed: dict[str, Any] | None
    pushed_version: datetime | None
    """Clerk's `updated_at` at which the pushed value was seen."""
    pushed_at: datetime | None
    failures: int
    failed_because: str | None
    corrections: int
    """How often in a row another writer's change was corrected."""
    takes_over: bool
    """Whether a person asked to replace the marker of another installation."""
    parked: str | None
    in_flight: bool
    is_waiting: bool
    """Whether a push is due, or pauses after a failure: it will look at what Clerk has."""


def take(connection: Connection, holder: str, most: int, least_urgent: int, seconds: float) -> list[Leased]:
    """Lease up to `most` due users for `seconds`, the most urgent first, without waiting for locked rows.

    None while claims are off.
    """
    rows = connection.exec_driver_sql(
        """
        with due as (
            select claims.user_id
            from generate_series(0, %(least)s) as level
            cross join lateral (
                select user_id, due_at from claims
                where priority = level and due_at <= now() and parked is null
                  and (expires_at is null or expires_at <= clock_timestamp())
                  and (select is_on from claims_switch)
                order by due_at limit %(most)s) as claims
            order by level, claims.due_at limit %(most)s),
        locked as (
            select user_id from claims join due using (user_id)
            where expires_at is null or expires_at <= clock_timestamp()
            for no key update of claims skip locked),
        taken as (
            update claims set holder = %(holder)s, expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
            from locked where claims.user_id = locked.user_id
            returning claims.user_id, priority, due_at, pushed_version, takes_over, failing_since is not null as failed)
        select taken.user_id, clerk_id, pushed_version, takes_over, failed
        from taken join users on users.id = taken.user_id order by priority, due_at
        """,
        {"least": least_urgent, "most": most, "holder": holder, "seconds": seconds},
    )
    return [Leased(*row) for row in rows]


def renew(connection: Connection, user_id: int, holder: str, seconds: float) -> bool:
    """Renew the lease on a user; false if another process has taken it over, or claims were turned off."""
    renewed = connection.exec_driver_sql(
        """
        update claims set expires_at = clock_timestamp() + make_interval(secs => %s)
        where user_id = %s and holder = %s and expires_at > clock_timestamp()
          and exists (select from claims_switch where is_on)
        """,
        (seconds, user_id, holder),
    )
    return renewed.rowcount == 1


def give_back(connection: Connection, user_ids: Collection[int], holder: str) -> None:
    """End the leases on those of these users that were not pushed. Locks in the order in which changes do."""
    connection.exec_driver_sql(
        """
        update claims set holder = null, expires_at = null
        where user_id = any(array(
            select user_id from claims where user_id = any(%s) and holder = %s order by user_id for no key update))
        """,
        (list(user_ids), holder),
    )


def lock(connection: Connection, user_id: int, holder: str) -> bool:
    """Lock the row of a leased user: changes of the user's roles wait until this transaction ends. False if lost."""
    found = connection.exec_driver_sql(
        "select from claims where user_id = %s and holder = %s for no key update", (user_id, holder)
    )
    return found.rowcount == 1


def held(connection: Connection, user_id: int) -> Held:
    """The assignments of a user that are held now or later, by the database's clock."""
    rows = connection.exec_driver_sql(
        """
        select clock_timestamp() as now, banned or access_ended or deleted_at is not null as barred,
               deleted_at is not null as deleted,
               role, effective_start_date, effective_end_date
        from users left join user_roles on user_id = users.id and is_active
            and (effective_end_date is null or effective_end_date > clock_timestamp())
        where users.id = %s
        order by role, effective_start_date
        """,
        (user_id,),
    ).all()
    windows = tuple((row.role, row.effective_start_date, row.effective_end_date) for row in rows if row.role)
    return Held(now=rows[0].now, is_barred=rows[0].barred, is_deleted=rows[0].deleted, windows=windows)


def note_pushed(
    connection: Connection,
    user_id: int,
    value: Mapping[str, object],
    version: datetime | None,
    due_at: datetime | None,
    *,
    sent: bool,
) -> None:
    """Record that Clerk has this value, and when the user is due again; ends the lease.

    `sent` says whether it had to be sent.
    """
    connection.exec_driver_sql(
        """
        update claims
        set pushed = %(value)s::jsonb, pushed_version = %(version)s::timestamptz, due_at = %(due)s, not_before = null,
            pushed_at = case when %(sent)s then clock_timestamp() else pushed_at end, failures = 0,
            corrections = case when pushed = %(value)s::jsonb then corrections else 0 end,
            failing_since = null, failed_because = null, takes_over = false, holder = null, expires_at = null,
            -- A change during the push keeps its urgency.
            priority = case when %(due)s::timestamptz <= clock_timestamp() then least(priority, %(priority)s)
                            else %(priority)s end
        where user_id = %(id)s
        """,
        {
            "id": user_id,
            "value": json.dumps(value),
            "version": version,
            "due": due_at,
            "sent": sent,
            "priority": CHANGED,
        },
    )


def note_failure(connection: Connection, user_id: int, reason: str, seconds: float) -> None:
    """Record a failed push, and when to try again; ends the lease. The push counts as due since it was due first."""
    connection.exec_driver_sql(
        """
        update claims
        set failures = failures + 1, failed_because = %(reason)s, holder = null, expires_at = null,
            failing_since = coalesce(failing_since, due_at),
            not_before = clock_timestamp() + make_interval(secs => %(seconds)s),
            due_at = greatest(due_at, clock_timestamp() + make_interval(secs => %(seconds)s))
        where user_id = %(id)s
        """,
        {"id": user_id, "reason": reason, "seconds": seconds},
    )


def note_not_found(connection: Connection, user_id: int, seconds: float) -> None:
    """Record that Clerk does not have the user, and when to look again; ends the lease."""
    note_failure(connection, user_id, "not found", seconds)
    connection.exec_driver_sql("update claims set failing_since = null where user_id = %s", (user_id,))


def failures(connection: Connection, user_id: int) -> int:
    """How many pushes of this user failed in a row."""
    return int(connection.exec_driver_sql("select failures from claims where user_id = %s", (user_id,)).scalar_one())


def park(connection: Connection, user_ids: Collection[int], parked: str, reason: str | None = None) -> None:
    """Set users aside until a person acts; ends their leases."""
    connection.exec_driver_sql(
        """
        update claims set parked = %s, failed_because = %s, failing_since = null, holder = null, expires_at = null
        where user_id = any(%s)
        """,
        (parked, reason, list(user_ids)),
    )


def recorded(connection: Connection, clerk_ids: Sequence[str]) -> dict[str, Claims]:
    """What is recorded of these users, by Clerk id."""
    rows = connection.exec_driver_sql(
        """
        select user_id, clerk_id, due_at, pushed, pushed_version, pushed_at, failures, failed_because, corrections,
               takes_over, parked, coalesce(expires_at > clock_timestamp(), false) as in_flight,
               coalesce(due_at <= clock_timestamp() or not_before > clock_timestamp(), false) as is_waiting
        from users join claims on user_id = users.id where clerk_id = any(%s)
        """,
        (list(clerk_ids),),
    )
    return {row.clerk_id: Claims(**row._asdict()) for row in rows}


def note_changed(connection: Connection, user_ids: Collection[int]) -> None:
    """Mark users whose claims another writer changed as due; skips rows locked by other transactions."""
    connection.exec_driver_sql(
        """
        update claims
        set due_at = greatest(clock_timestamp(), not_before), priority = %s, corrections = corrections + 1
        where user_id = any(array(
            select user_id from claims where user_id = any(%s) for no key update skip locked))
        """,
        (CHANGED, list(user_ids)),
    )


def mark(connection: Connection, clerk_ids: Collection[str]) -> int:
    """Mark users as due now, before all others, and no longer parked; returns how many.

    Those that were parked because of another installation's marker take over: the next push replaces it. Users without
    a row are marked by the first push.
    """
    return _mark(
        connection,
        "user_id in (select id from users where clerk_id = any(%(ids)b::text[]))",
        {"priority": 0, "ids": list(clerk_ids)},
    )


def mark_parked(connection: Connection) -> int:
    """Mark all parked users as due now, as `mark` does; returns how many."""
    return _mark(connection, "parked is not null", {"priority": CHANGED})


def _mark(connection: Connection, which: str, parameters: dict[str, Any]) -> int:
    marked = connection.exec_driver_sql(
        f"""
        update claims set due_at = clock_timestamp(), not_before = null, corrections = 0, failures = 0,
                          takes_over = takes_over or parked is not distinct from 'another_installation', parked = null,
                          priority = case when due_at <= clock_timestamp() then least(priority, %(priority)s)
                                          else %(priority)s end
        where user_id = any(array(select user_id from claims where {which} order by user_id for no key update))
        """,  # noqa: S608 - constants only
        parameters,
    )
    return marked.rowcount
