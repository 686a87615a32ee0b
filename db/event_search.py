"""Searches stored events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db import event_reasons
from db.audit import COLUMNS as LINE
from db.audit import AuditEntry
from db.event_filter import EventFilter, EventStatus
from db.event_reasons import KIND, Kind

_ENTRY = """
    svix_id, type, clerk_user_id, occurred_at, received_at, applied_at, status, attempts, next_attempt_at, last_error,
    octet_length(body)
"""


class CursorUnknown(Exception):
    """The cursor refers to a delivery that is not stored. Start again with the first page."""


@dataclass(frozen=True, slots=True)
class EventEntry:
    """A stored event, without personal data."""

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
    """None after the body was removed because of its age."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """A delivery as received, with its signature."""

    entry: EventEntry
    body: bytes | None
    svix_timestamp: int
    svix_signature: str
    verified_by: str


def page(connection: Connection, selection: EventFilter, most: int, before: str | None = None) -> list[EventEntry]:
    """Up to `most` events after `before` in the list, most recently received first. Raises CursorUnknown."""
    rows = _read(connection, _ENTRY, selection, most, before, "<", "desc")
    return [EventEntry(*row[:-2]) for row in rows]


def ids(connection: Connection, selection: EventFilter, most: int, after: str | None = None) -> list[str]:
    """The svix ids of up to `most` events after `after`, in the order received. Raises CursorUnknown."""
    return [row[0] for row in _read(connection, "svix_id", selection, most, after, ">", "asc")]


def _read(
    connection: Connection,
    columns: str,
    selection: EventFilter,
    most: int,
    position: str | None,
    operator: str,
    order: str,
) -> Sequence[Any]:
    # The best index depends on the conditions, so force a new plan for each query.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    where, parameters = selection.sql(
        *([] if position is None else [f"(received_at, svix_id) {operator} (%(received_at)s, %(position)s)"])
    )
    if position is not None:
        parameters |= {"position": position, "received_at": _received_at(connection, position)}
    ordered = f"order by received_at {order}, svix_id {order} limit %(most)s"
    entries = f"select {columns}, received_at as last_at, svix_id as last_id from webhook_events where {where}"  # noqa: S608
    kinds = _kinds(connection, selection)
    if kinds is None:
        return connection.exec_driver_sql(f"{entries} {ordered}", {**parameters, "most": most}).all()
    # The newest events of each kind, which an index has in order: whatever PostgreSQL estimates, few rows are read.
    statement = f"""
        select found.* from {_KIND_ROWS} cross join lateral ({entries} and {_OF_KIND} {ordered}) as found
        order by last_at {order}, last_id {order} limit %(most)s
    """  # noqa: S608 - constants only
    parameters |= {"kind_statuses": [each.status for each in kinds], "kinds": [each.kind for each in kinds]}
    return connection.exec_driver_sql(statement, {**parameters, "most": most}).all()


_KIND_ROWS = "unnest(%(kind_statuses)b::text[], %(kinds)b::text[]) as kinds (status, kind)"
_OF_KIND = f"last_error is not null and status = kinds.status and {KIND} = kinds.kind"


def _kinds(connection: Connection, selection: EventFilter) -> list[Kind] | None:
    """The kinds of reasons that may match a filter; None if it has no condition for them."""
    kinds = None
    if selection.error is not None:
        kinds = event_reasons.containing(connection, selection.error)
    if selection.error_kind is not None:
        kinds = [Kind(status, selection.error_kind) for status in EventStatus]
    return kinds and [each for each in kinds if selection.status in (None, each.status)]


def _received_at(connection: Connection, svix_id: str) -> datetime:
    found = connection.exec_driver_sql("select received_at from webhook_events where svix_id = %s", (svix_id,))
    at: datetime | None = found.scalar_one_or_none()
    if at is None:
        raise CursorUnknown(CursorUnknown.__doc__)
    return at


def count(connection: Connection, selection: EventFilter) -> int:
    """How many events match the filter."""
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    where, parameters = selection.sql()
    return int(
        connection.exec_driver_sql(f"select count(*) from webhook_events where {where}", parameters).scalar_one()  # noqa: S608
    )


def find(connection: Connection, svix_id: str) -> SignedDelivery | None:
    """One delivery as received; None if none with this id is stored."""
    rows = connection.exec_driver_sql(
        f"""
        select {_ENTRY}, body, svix_timestamp, svix_signature, verified_by
        from webhook_events where svix_id = %s
        """,  # noqa: S608
        (svix_id,),
    )
    return next((_delivery(row) for row in rows), None)


def lines(connection: Connection, entry: EventEntry) -> list[AuditEntry]:
    """Audit lines about an event, oldest first: what it changed, and what was done with it."""
    # What an event changed is about its user, so search only the lines of that user, which are indexed.
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


def _delivery(row: Any) -> SignedDelivery:
    *entry, body, timestamp, signature, verified_by = row
    return SignedDelivery(EventEntry(*entry), None if body is None else bytes(body), timestamp, signature, verified_by)
