"""Actions of admins and operators on stored events: replay, discard, reveal. Each is recorded in the audit trail."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db.event_filter import EventStatus


@dataclass(frozen=True, slots=True)
class LockedEvent:
    """An event of any status that this transaction has locked."""

    svix_id: str
    size: int | None
    """Size of the body in bytes; None after the body was removed because of its age."""
    occurred_at: datetime
    """When it occurred, or when it was received if that is unknown."""
    status: EventStatus


def lock(connection: Connection, svix_ids: Collection[str]) -> list[LockedEvent]:
    """Lock events in the order of their ids, waiting for other transactions, and read their status."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, octet_length(body), coalesce(occurred_at, received_at), status
        from webhook_events where svix_id = any(%(ids)b::text[]) order by svix_id for no key update
        """,
        {"ids": list(svix_ids)},
    )
    return [LockedEvent(svix_id, size, at, EventStatus(status)) for svix_id, size, at, status in rows]


def lock_deletions(connection: Connection, svix_ids: Collection[str]) -> bool:
    """Lock events in the order of their ids; returns whether any of them says that a user was deleted."""
    types = connection.exec_driver_sql(
        """
        select type from webhook_events
        where svix_id = any(%(ids)b::text[]) order by svix_id for no key update
        """,
        {"ids": list(svix_ids)},
    )
    return "user.deleted" in types.scalars().all()


def lock_with_users(connection: Connection, svix_ids: Collection[str], clerk_ids: Collection[str] = ()) -> None:
    """Lock events, then the users that they are about and the users given, each in the order of their ids."""
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
    """Set the status of locked events. An audit line is written for each one that was not pending."""
    connection.exec_driver_sql(
        """
        update webhook_events set status = %(status)s, last_error = %(why)s
        where svix_id = any(%(ids)b::text[])
        """,
        {"ids": list(svix_ids), "status": status.value, "why": why},
    )


def discard(connection: Connection, svix_ids: Sequence[str]) -> None:
    """Discard locked events, with an audit line for each. Their last error stays on the row."""
    connection.exec_driver_sql(
        "update webhook_events set status = 'discarded' where svix_id = any(%(ids)b::text[])", {"ids": list(svix_ids)}
    )


def note_replayed(connection: Connection, svix_ids: Sequence[str]) -> None:
    """Write one audit line for events that were applied again without a change of status."""
    _note(connection, "replayed", svix_ids)


def note_revealed(connection: Connection, svix_ids: Sequence[str]) -> None:
    """Write one audit line for events whose personal data is revealed."""
    _note(connection, "revealed", svix_ids)


def _note(connection: Connection, what: str, svix_ids: Sequence[str]) -> None:
    connection.exec_driver_sql("select akako_note_events(%s, %s)", (what, list(svix_ids)))
