"""Response models of the endpoints for stored events."""

from dataclasses import asdict
from typing import Any

from api.responses import AuditLine, ResponseModel, UtcDatetime
from sync import difference, replay
from sync.inspection import Inspection


class Event(ResponseModel):
    """A stored delivery and its processing status, without personal data."""

    svix_id: str
    type: str | None
    clerk_user_id: str | None
    """The user that the event is about."""
    occurred_at: UtcDatetime | None
    """When the event occurred at Clerk: the version of the snapshot, or else the timestamp of the envelope."""
    received_at: UtcDatetime
    applied_at: UtcDatetime | None
    status: str
    """`received`, `applied`, `ignored`, `parked`, `discarded` or `held`."""
    attempts: int
    """Number of failed attempts."""
    next_attempt_at: UtcDatetime
    """When the next attempt is due, if the event is pending."""
    last_error: str | None
    """Why the event was ignored or parked, or why its last attempt failed."""
    body_bytes: int | None
    """Size of the body in bytes; null after the body was removed because of its age."""


class Events(ResponseModel):
    """A page of stored events, most recently received first."""

    items: list[Event]
    next: str | None
    """Cursor of the next page; null on the last page."""


class InspectedEvent(Event):
    """One delivery as received, with the result of verifying it again and what it changed."""

    svix_timestamp: int
    """Signed timestamp of the delivery attempt, in seconds since 1970."""
    svix_signature: str
    """Signature header as received."""
    verified_by: str
    """Fingerprint (first 12 hex digits of the SHA-256) of the signing secret that verified the delivery on receipt."""
    verified_now_by: str | None
    """Fingerprint of a configured secret that verifies the delivery now, ignoring the age of its timestamp; null if
    none does, or none could be tried."""
    verification: str
    """Result of verifying the delivery again, as a sentence."""
    content: Any
    """The parsed body. Values that may be personal data are replaced by `(hidden)`."""
    body: str | None
    """The body exactly as received; null unless it was revealed."""
    note: str | None
    """Remark about the body, for example that it is not UTF-8."""
    audit: list[AuditLine]
    """Audit lines about what the event changed and what was done with it, oldest first."""


class EventCount(ResponseModel):
    """Number of events with one status, type or reason."""

    name: str
    events: int
    exact: bool
    """`false` above 10,000, since more are not counted: then `events` is an estimate, or 10,000."""


class EventStats(ResponseModel):
    """Statistics about stored events."""

    statuses: list[EventCount]
    """Events by status."""
    due: EventCount
    """Events that are due and not applied."""
    oldest_due_at: UtcDatetime | None
    """When the oldest due event became due."""
    last_received_at: UtcDatetime | None
    """When the most recent event was received."""
    types_of_last_day: list[EventCount]
    """Events received in the last 24 hours, by type."""
    why_parked: list[EventCount]
    """Parked events by kind of reason: the 20 most frequent kinds. In a kind, words with digits, such as ids and times,
    are replaced by `*`; `error_kind` selects its events."""


class MatchingEvents(ResponseModel):
    """The number of events that match a filter."""

    total: EventCount
    reasons: list[EventCount]
    """By kind of reason: the 50 most frequent kinds. The name is empty for events without a reason."""


class SkippedEvent(ResponseModel):
    """An event that was not processed."""

    svix_id: str
    why: str
    """Why the event was not processed, and what to do next."""


class RowChange(ResponseModel):
    """A row that would be inserted or updated, with only the columns that differ."""

    clerk_user_id: str
    assignment_id: int | None
    """Id of the assignment; null for the row of the user, and for a new assignment."""
    role: str | None
    """Role of the assignment; null for the row of the user."""
    before: dict[str, Any] | None
    """Current values; null if the row does not exist yet. Personal data is replaced by `(hidden)` unless revealed."""
    after: dict[str, Any] | None
    """Values after the change."""


class Difference(ResponseModel):
    """All changes that a replay or a repair would make."""

    users: list[RowChange]
    roles: list[RowChange]
    audit: list[AuditLine]
    """Lines that would be added to the audit trail, oldest first; their ids and times would differ."""


class Replayed(ResponseModel):
    """Result of a replay."""

    applied: int
    """Number of events that are applied now, whether or not anything had to change."""
    ignored: int
    """Number of events that do not affect users or roles."""
    left: list[SkippedEvent]
    """Events that could not be applied."""
    difference: Difference | None
    """The changes, if a preview was requested; null if the events were applied."""
    next: str | None
    """Cursor with which to repeat the request for the remaining events; null if none remain."""


class Discarded(ResponseModel):
    """Result of discarding events."""

    discarded: int
    """Number of events that were discarded."""
    left: list[SkippedEvent]
    """Events that could not be discarded."""
    next: str | None
    """Cursor with which to repeat the request for the remaining events; null if none remain."""


def replayed(done: replay.ReplayResult, made: difference.Difference | None, more: str | None = None) -> Replayed:
    """The response for a replay or its preview."""
    return Replayed(
        applied=done.applied,
        ignored=done.ignored,
        left=[SkippedEvent.model_validate(each) for each in done.left],
        difference=changes(made) if made else None,
        next=more,
    )


def changes(made: difference.Difference) -> Difference:
    """The response for a previewed difference."""
    return Difference(
        users=[RowChange.model_validate(each) for each in made.users],
        roles=[RowChange.model_validate(each) for each in made.roles],
        audit=[AuditLine.model_validate(each) for each in made.lines],
    )


def inspected(found: Inspection) -> InspectedEvent:
    """The response for one inspected delivery."""
    shown = {name: getattr(found, name) for name in InspectedEvent.model_fields if hasattr(found, name)}
    return InspectedEvent.model_validate({**asdict(found.entry), **shown, "audit": found.lines})
