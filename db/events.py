"""The kept deliveries: keep, claim, mark, and at last forget their bodies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

PROMPT = "5 seconds"
"""How long a fresh event is left to its first nudge before the sweep nudges it too."""

# For statements that name their events. Written so that the index of all that waits cannot serve it: the planner would
# read that index from end to end for every set as long as it believes, from old statistics, that hardly anything waits.
_WAITS = "status || '' = 'received'"

SMALL_BYTES = 16_384
"""A body up to this size comes with the claim, as nearly all do: so many of them that a set weighs little."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A delivery as it is stored. Text is storable (no NUL, no lone surrogate)."""

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
    """What an event says, and when."""

    body: bytes
    svix_timestamp: int
    """When the delivery was sent, in seconds since 1970, as signed."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that this transaction holds, to apply it."""

    svix_id: str
    size: int
    """Of the body, in bytes."""
    occurred_at: datetime
    """When it happened, or when it came if it does not say."""
    attempts: int
    clerk_user_id: str | None
    content: Content | None = None
    """If its body is small."""


def store(connection: Connection, deliveries: Sequence[NewEvent]) -> set[str]:
    """Store deliveries in one statement; the svix ids that were not there before.

    Rows are written in the order of their ids, so that two receivers that keep the same ids wait and never deadlock.
    """
    rows = sorted(deliveries, key=lambda kept: kept.svix_id)
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
        """,  # noqa: S608 - a constant of ours
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
    """Lock those of the events that wait to be applied; a failed one only when it is due.

    One that somebody else holds is left to him, or waited for: whoever was interrupted may hold it a moment longer.
    """
    rows = connection.exec_driver_sql(
        f"""
        select svix_id, octet_length(body), coalesce(occurred_at, received_at), attempts, clerk_user_id,
               case when octet_length(body) <= {SMALL_BYTES} then body end, svix_timestamp, received_at
        from webhook_events
        where svix_id = any(%(ids)b::text[]) and {_WAITS} and (attempts = 0 or next_attempt_at <= now())
        for no key update {"" if wait else "skip locked"}
        """,  # noqa: S608 - constants of ours
        {"ids": list(svix_ids)},
    )
    return [
        Claimed(svix_id, size, at, attempts, user, None if body is None else Content(body, timestamp, received_at))
        for svix_id, size, at, attempts, user, body, timestamp, received_at in rows
    ]


def contents(connection: Connection, svix_ids: Sequence[str]) -> dict[str, Content]:
    """The contents of events, by svix id."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, body, svix_timestamp, received_at
        from webhook_events where svix_id = any(%(ids)b::text[])
        """,
        {"ids": list(svix_ids)},
    )
    return {svix_id: Content(bytes(body), timestamp, received_at) for svix_id, body, timestamp, received_at in rows}


def digests(connection: Connection, svix_ids: Sequence[str]) -> dict[str, bytes]:
    """The SHA-256 of the stored bodies of events, by their ids; of a body that was forgotten, as it was noted."""
    rows = connection.exec_driver_sql(
        "select svix_id, coalesce(digest, sha256(body)) from webhook_events where svix_id = any(%(ids)b::text[])",
        {"ids": list(svix_ids)},
    )
    return {svix_id: bytes(digest) for svix_id, digest in rows}


def mark_applied(connection: Connection, svix_ids: Sequence[str]) -> list[float]:
    """Say that events are done, in the transaction that holds what they did; for how many seconds each was kept."""
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
    """Take an event out of the queue as `ignored` or `parked`, with the reason."""
    connection.exec_driver_sql(
        f"update webhook_events set status = %s, last_error = %s where svix_id = %s and {_WAITS}",  # noqa: S608
        (status, why, svix_id),
    )


def park(connection: Connection, svix_id: str, why: str) -> None:
    """Note the last failed attempt and park the event."""
    connection.exec_driver_sql(
        f"""
        update webhook_events set attempts = attempts + 1, status = 'parked', last_error = %s
        where svix_id = %s and {_WAITS}
        """,  # noqa: S608
        (why, svix_id),
    )


def postpone(connection: Connection, svix_id: str, seconds: float, why: str) -> None:
    """Note a failed attempt and when the next one is due."""
    connection.exec_driver_sql(
        f"""
        update webhook_events
        set attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %s), last_error = %s
        where svix_id = %s and {_WAITS}
        """,  # noqa: S608
        (seconds, why, svix_id),
    )


def unpark(connection: Connection, svix_id: str) -> None:
    """Uncount the last attempt, and let the event be due now."""
    connection.exec_driver_sql(
        f"""
        update webhook_events set attempts = attempts - 1, next_attempt_at = now(), last_error = null
        where svix_id = %s and {_WAITS} and attempts > 0
        """,  # noqa: S608
        (svix_id,),
    )


def due(connection: Connection, most: int) -> list[str]:
    """The svix ids of events that should have been applied by now, the longest due first."""
    rows = connection.exec_driver_sql(
        """
        select svix_id from webhook_events
        where status = 'received' and next_attempt_at <= now()
        order by next_attempt_at limit %s
        """,
        (most,),
    )
    return list(rows.scalars())


def erase_bodies(connection: Connection, days: int, most: int) -> int:
    """Let up to `most` applied and ignored events that came more than so many days ago lose their bodies; how many.

    All else of them stays, for ever. The database puts a digest in a body's place. Rows that another transaction
    holds are left to it, so that two may run at once.
    """
    forgotten = connection.exec_driver_sql(
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
    return forgotten.rowcount
