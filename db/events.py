"""Stored events: store, claim, update the status, and erase old bodies."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

PROMPT = "5 seconds"
"""How long a new event is left to its first task message before the sweep enqueues it too."""

# For statements that select events by id. The expression prevents the use of the index of pending events: with outdated
# statistics that show almost no pending events, the planner would scan that whole index for each set.
_IS_PENDING = "status || '' = 'received'"

SMALL_BYTES = 16_384
"""Bodies up to this size, which are nearly all, are returned by `claim`; the limit keeps a set of events small."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A delivery to store. Text must be storable (no NUL, no lone surrogate)."""

    svix_id: str
    type: str | None
    clerk_user_id: str | None
    occurred_at: datetime | None
    body: bytes
    svix_timestamp: int
    svix_signature: str
    verified_by: str
    status: str
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """The body of an event, and its times."""

    body: bytes
    svix_timestamp: int
    """Signed timestamp of the delivery attempt, in seconds since 1970."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this transaction has locked in order to apply it."""

    svix_id: str
    size: int
    """Size of the body in bytes."""
    occurred_at: datetime
    """When it occurred, or when it was received if that is unknown."""
    attempts: int
    clerk_user_id: str | None
    content: Content | None = None
    """None if the body is larger than `SMALL_BYTES`."""
    pinned: str | None = None
    """The Clerk instance to which the installation is pinned; None if it is not."""


def store(connection: Connection, deliveries: Sequence[NewEvent]) -> set[str]:
    """Store deliveries in one statement; returns the svix ids that are new.

    Rows are inserted in the order of their ids, so that receivers that store the same ids concurrently cannot deadlock.
    """
    rows = sorted(deliveries, key=lambda delivery: delivery.svix_id)
    added = connection.exec_driver_sql(
        f"""
        insert into webhook_events
            (svix_id, type, clerk_user_id, occurred_at, body, svix_timestamp, svix_signature, verified_by, status,
             last_error, next_attempt_at)
        select *, now() + interval '{PROMPT}'
        from unnest(%(ids)b::text[], %(types)b::text[], %(users)b::text[], %(times)b::timestamptz[],
                    %(bodies)b::bytea[], %(timestamps)b::bigint[], %(signatures)b::text[], %(secrets)b::text[],
                    %(statuses)b::text[], %(errors)b::text[])
        on conflict (svix_id) do nothing
        returning svix_id
        """,  # noqa: S608 - constants only
        {
            "ids": [row.svix_id for row in rows],
            "types": [row.type for row in rows],
            "users": [row.clerk_user_id for row in rows],
            "times": [row.occurred_at for row in rows],
            "bodies": [row.body for row in rows],
            "timestamps": [row.svix_timestamp for row in rows],
            "signatures": [row.svix_signature for row in rows],
            "secrets": [row.verified_by for row in rows],
            "statuses": [row.status for row in rows],
            "errors": [row.last_error for row in rows],
        },
    )
    return set(added.scalars())


def claim(connection: Connection, svix_ids: Sequence[str], *, wait: bool = False) -> list[Claimed]:
    """Lock the pending events among these; a failed one only when it is due.

    Skips rows locked by other transactions. `wait=True` blocks instead: an interrupted worker may hold a lock for a
    moment longer.
    """
    rows = connection.exec_driver_sql(
        f"""
        select svix_id, octet_length(body), coalesce(occurred_at, received_at), attempts, clerk_user_id,
               case when octet_length(body) <= {SMALL_BYTES} then body end, svix_timestamp, received_at,
               (select instance_id from clerk_instance)
        from webhook_events
        where svix_id = any(%(ids)b::text[]) and {_IS_PENDING} and (attempts = 0 or next_attempt_at <= now())
        for no key update {"" if wait else "skip locked"}
        """,  # noqa: S608 - constants only
        {"ids": list(svix_ids)},
    )
    return [
        Claimed(
            svix_id, size, at, attempts, user, None if body is None else Content(body, timestamp, received_at), pinned
        )
        for svix_id, size, at, attempts, user, body, timestamp, received_at, pinned in rows
    ]


def newest_applied(connection: Connection, most: int) -> list[bytes]:
    """The bodies of the last `most` deliveries that were applied, without those that are large or erased."""
    rows = connection.exec_driver_sql(
        f"""
        select body from webhook_events
        where status = 'applied' and octet_length(body) between 1 and {SMALL_BYTES}
        order by received_at desc limit %s
        """,  # noqa: S608 - constants only
        (most,),
    )
    return [bytes(body) for body in rows.scalars()]


def contents(connection: Connection, svix_ids: Sequence[str]) -> dict[str, Content]:
    """The bodies and times of events, by svix id."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, body, svix_timestamp, received_at
        from webhook_events where svix_id = any(%(ids)b::text[])
        """,
        {"ids": list(svix_ids)},
    )
    return {svix_id: Content(bytes(body), timestamp, received_at) for svix_id, body, timestamp, received_at in rows}


def digests(connection: Connection, svix_ids: Sequence[str]) -> dict[str, bytes]:
    """The SHA-256 of the bodies of events, by svix id; for an erased body, the stored digest."""
    rows = connection.exec_driver_sql(
        "select svix_id, coalesce(digest, sha256(body)) from webhook_events where svix_id = any(%(ids)b::text[])",
        {"ids": list(svix_ids)},
    )
    return {svix_id: bytes(digest) for svix_id, digest in rows}


def mark_applied(connection: Connection, svix_ids: Sequence[str]) -> list[float]:
    """Mark events as applied, in the transaction with their changes; returns their lags since receipt, in seconds."""
    lags = connection.exec_driver_sql(
        """
        update webhook_events set status = 'applied', applied_at = statement_timestamp(), last_error = null
        where svix_id = any(%(ids)b::text[])
        returning extract(epoch from clock_timestamp() - received_at)::float8
        """,
        {"ids": list(svix_ids)},
    )
    return list(lags.scalars())


def mark(connection: Connection, svix_id: str, status: str, why: str) -> None:
    """Set a pending event to `ignored` or `parked`, with the reason."""
    connection.exec_driver_sql(
        f"update webhook_events set status = %s, last_error = %s where svix_id = %s and {_IS_PENDING}",  # noqa: S608
        (status, why, svix_id),
    )


def mark_held(connection: Connection, svix_ids: Collection[str], why: str) -> None:
    """Set pending events to `held`, with the reason."""
    connection.exec_driver_sql(
        f"""
        update webhook_events set status = 'held', last_error = %(why)s
        where svix_id = any(%(ids)b::text[]) and {_IS_PENDING}
        """,  # noqa: S608
        {"why": why, "ids": list(svix_ids)},
    )


def park(connection: Connection, svix_id: str, why: str) -> None:
    """Count a last failed attempt and park the event."""
    connection.exec_driver_sql(
        f"""
        update webhook_events set attempts = attempts + 1, status = 'parked', last_error = %s
        where svix_id = %s and {_IS_PENDING}
        """,  # noqa: S608
        (why, svix_id),
    )


def postpone(connection: Connection, svix_id: str, seconds: float, why: str) -> None:
    """Count a failed attempt and schedule the next one."""
    connection.exec_driver_sql(
        f"""
        update webhook_events
        set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %s), last_error = %s
        where svix_id = %s and {_IS_PENDING}
        """,  # noqa: S608
        (seconds, why, svix_id),
    )


def uncount_attempt(connection: Connection, svix_id: str) -> None:
    """Remove the last attempt from the count, and make the event due now."""
    connection.exec_driver_sql(
        f"""
        update webhook_events set attempts = attempts - 1, next_attempt_at = now(), last_error = null
        where svix_id = %s and {_IS_PENDING} and attempts > 0
        """,  # noqa: S608
        (svix_id,),
    )


def due(connection: Connection, most: int) -> list[str]:
    """The svix ids of up to `most` events that are due and not applied, oldest due time first."""
    rows = connection.exec_driver_sql(
        """
        select svix_id from webhook_events
        where status = 'received' and next_attempt_at <= now()
        order by next_attempt_at limit %s
        """,
        (most,),
    )
    return list(rows.scalars())


def pending(connection: Connection, most: int = 1_000) -> int:
    """The number of events that are stored and not yet applied, up to `most`."""
    found = connection.exec_driver_sql(
        "select count(*) from (select from webhook_events where status = 'received' limit %s) as few", (most,)
    )
    return int(found.scalar_one())


def users_with_pending(connection: Connection, clerk_ids: Sequence[str]) -> set[str]:
    """Those of the users with an event that is stored and not yet applied."""
    rows = connection.exec_driver_sql(
        f"""
        select distinct clerk_user_id from webhook_events
        where clerk_user_id = any(%(ids)b::text[]) and {_IS_PENDING}
        """,  # noqa: S608 - constants only
        {"ids": list(clerk_ids)},
    )
    return set(rows.scalars())


def erase_bodies(connection: Connection, days: int, most: int) -> int:
    """Erase the bodies of up to `most` applied and ignored events received more than `days` days ago; returns how many.

    All other columns are kept indefinitely. The database replaces a body by its digest. Rows locked by other
    transactions are skipped, so that concurrent runs are safe.
    """
    erased = connection.exec_driver_sql(
        """
        update webhook_events set body = null
        where svix_id = any(array(
            select svix_id from webhook_events
            where received_at < now() - make_interval(days => %s)
              and body is not null and status in ('applied', 'ignored')
            order by received_at limit %s
            for no key update skip locked))
        """,
        (days, most),
    )
    return erased.rowcount
