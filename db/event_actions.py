"""What people do with kept events: take them up again, discard them, look at them. The trail says each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.event_filter import EventStatus


@dataclass(frozen=True, slots=True)
class LockedEvent:
    """An event that this transaction holds, whatever its status is."""

    svix_id: str
    size: int | None
    """Of the body, in bytes; None once it was removed for its age."""
    occurred_at: datetime
    """When it happened, or when it came if it does not say."""
    status: EventStatus


def lock(connection: Connection, svix_ids: Collection[str]) -> list[LockedEvent]:
    """Lock events in the order of their ids, waiting for whoever has one, and read how far each is."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, octet_length(body), coalesce(occurred_at, received_at), status
        from webhook_events where svix_id = any(%(ids)b::text[]) order by svix_id for no key update
        """,
        {"ids": list(svix_ids)},
    )
    return [LockedEvent(svix_id, size, at, EventStatus(status)) for svix_id, size, at, status in rows]


def lock_with_users(connection: Connection, svix_ids: Collection[str], clerk_ids: Collection[str] = ()) -> None:
    """Lock events, then the users that they are about and the users named, each in the order of their ids."""
    lock(connection, svix_ids)
    connection.exec_driver_sql(
        """
        select from users
        where clerk_id in (
            select clerk_user_id from webhook_events where svix_id = any(%(ids)b::text[])
            union all select unnest(%(clerk_ids)b::text[]))
        order by clerk_id for no key update
        """,
        {"ids": list(svix_ids), "clerk_ids": list(clerk_ids)},
    )


def set_status(connection: Connection, svix_ids: Sequence[str], status: EventStatus, why: str | None = None) -> None:
    """Write another status of held events. Those that were settled before get a line in the trail each."""
    connection.exec_driver_sql(
        """
        update webhook_events set status = %(status)s, last_error = %(why)s
        where svix_id = any(%(ids)b::text[])
        """,
        {"ids": list(svix_ids), "status": status.value, "why": why},
    )


def discard(connection: Connection, svix_ids: Sequence[str]) -> None:
    """Put held events away for good; each gets a line in the trail. Why they failed stays on the row."""
    connection.exec_driver_sql(
        "update webhook_events set status = 'discarded' where svix_id = any(%(ids)b::text[])", {"ids": list(svix_ids)}
    )


def note_replayed(connection: Connection, svix_ids: Sequence[str]) -> None:
    """One line in the trail for events that were applied again and stay what they are."""
    _note(connection, "replayed", svix_ids)


def note_revealed(connection: Connection, svix_ids: Sequence[str]) -> None:
    """One line in the trail for events whose personal fields somebody gets to see."""
    _note(connection, "revealed", svix_ids)


def _note(connection: Connection, what: str, svix_ids: Sequence[str]) -> None:
    connection.exec_driver_sql("select akako_note_events(%s, %s)", (what, list(svix_ids)))
