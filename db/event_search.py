"""The register of kept events, as people look events up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db.audit import COLUMNS as LINE
from db.audit import AuditEntry
from db.event_filter import EventFilter

_ENTRY = """
    svix_id, type, clerk_user_id, occurred_at, received_at, applied_at, status, attempts, next_attempt_at, last_error,
    octet_length(body)
"""


class CursorUnknown(Exception):
    """We keep no delivery with the svix id from which on more was asked for. Begin again at the first page."""


@dataclass(frozen=True, slots=True)
class EventEntry:
    """A kept event, without what it says of a person."""

    svix_id: str
    type: str | None
    clerk_user_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    applied_at: datetime | None
    status: str
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    body_bytes: int | None
    """None once the body was removed for its age."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """A delivery as it came."""

    entry: EventEntry
    body: bytes | None
    svix_timestamp: int
    svix_signature: str
    verified_by: str


def page(connection: Connection, selection: EventFilter, most: int, before: str | None = None) -> list[EventEntry]:
    """Up to `most` events, the newest received first, from below event `before` on. Raises PlaceUnknown."""
    rows = _read(connection, _ENTRY, selection, most, before, "<", "desc")
    return [EventEntry(*row) for row in rows]


def ids(connection: Connection, selection: EventFilter, most: int, after: str | None = None) -> list[str]:
    """The svix ids of up to `most` events, the first received first, from above `after` on. Raises PlaceUnknown."""
    return [row[0] for row in _read(connection, "svix_id", selection, most, after, ">", "asc")]


def _read(
    connection: Connection,
    columns: str,
    selection: EventFilter,
    most: int,
    place: str | None,
    side: str,
    order: str,
) -> Sequence[Any]:
    # What is asked for decides which index is right, so the plan is made for each question anew.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    where, parameters = selection.sql(
        *([] if place is None else [f"(received_at, svix_id) {side} (%(received_at)s, %(place)s)"])
    )
    if place is not None:
        parameters |= {"place": place, "received_at": _received_at(connection, place)}
    statement = f"""
        select {columns} from webhook_events where {where}
        order by received_at {order}, svix_id {order} limit %(most)s
    """  # noqa: S608 - constants of ours
    return connection.exec_driver_sql(statement, {**parameters, "most": most}).all()


def _received_at(connection: Connection, svix_id: str) -> datetime:
    found = connection.exec_driver_sql("select received_at from webhook_events where svix_id = %s", (svix_id,))
    at: datetime | None = found.scalar_one_or_none()
    if at is None:
        raise CursorUnknown(CursorUnknown.__doc__)
    return at


def count(connection: Connection, selection: EventFilter) -> int:
    """How many events are meant."""
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    where, parameters = selection.sql()
    return int(
        connection.exec_driver_sql(f"select count(*) from webhook_events where {where}", parameters).scalar_one()  # noqa: S608
    )


def find(connection: Connection, svix_id: str) -> SignedDelivery | None:
    """One delivery as it came; None if we keep none of this id."""
    rows = connection.exec_driver_sql(
        f"""
        select {_ENTRY}, body, svix_timestamp, svix_signature, verified_by
        from webhook_events where svix_id = %s
        """,  # noqa: S608
        (svix_id,),
    )
    return next((_sealed(row) for row in rows), None)


def lines(connection: Connection, entry: EventEntry) -> list[AuditEntry]:
    """What the trail says of an event, first to last: what it changed, and what people did with it."""
    # What an event changes is about its user, so it is found among that user's lines.
    rows = connection.exec_driver_sql(
        f"""
        select {LINE} from audit_log where id in (
            select id from audit_log
            where user_id = (select id from users where clerk_id = %(user)s) and cause = %(id)s
            union select id from audit_log where action like 'event.%%' and cause = %(id)s
            union select id from audit_log
            where action like 'event.%%' and after is not null and after -> 'svix_ids' ? %(id)s)
        order by id
        """,  # noqa: S608
        {"id": entry.svix_id, "user": entry.clerk_user_id},
    )
    return [AuditEntry(*row) for row in rows]


def _sealed(row: Any) -> SignedDelivery:
    *entry, body, timestamp, signature, verified_by = row
    return SignedDelivery(EventEntry(*entry), None if body is None else bytes(body), timestamp, signature, verified_by)
