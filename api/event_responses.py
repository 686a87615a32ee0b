"""What the desk answers about kept events."""

from dataclasses import asdict
from typing import Any

from api.responses import AuditLine, ResponseModel, UtcDatetime
from sync import difference, replay
from sync.inspection import Inspection


class Event(ResponseModel):
    """A kept delivery and how far we are with it, without what it says of a person."""

    svix_id: str
    type: str | None
    clerk_user_id: str | None
    """Whom it is about."""
    occurred_at: UtcDatetime | None
    """When it happened at Clerk: the snapshot's version, else the envelope's time."""
    received_at: UtcDatetime
    applied_at: UtcDatetime | None
    status: str
    """`received`, `applied`, `ignored`, `parked` or `discarded`."""
    attempts: int
    """How often it failed."""
    next_attempt_at: UtcDatetime
    """When one that waits is due."""
    last_error: str | None
    """Why it is ignored, parked or failing."""
    body_bytes: int | None
    """Null once the body was removed for its age."""


class Events(ResponseModel):
    """A page of kept events, the newest received first."""

    items: list[Event]
    next: str | None
    """The cursor of the next page; null on the last one."""


class InspectedEvent(Event):
    """One delivery as it came, verified again, with what became of it."""

    svix_timestamp: int
    """The attempt's time in seconds since 1970, as it was signed."""
    svix_signature: str
    verified_by: str
    """The signing secret that fitted when it came: the first 12 hexadecimal digits of its SHA-256."""
    verified_now_by: str | None
    """The live secret that fits now, whatever the time; null if none does, or none could be tried."""
    verification: str
    """The same as a sentence."""
    content: Any
    """The body as a value, in which `(hidden)` stands for what could be personal."""
    body: str | None
    """The body exactly as it came; null unless it was revealed."""
    note: str | None
    audit: list[AuditLine]
    """What it changed, and what people did with it, first to last."""


class EventCount(ResponseModel):
    """So many events of one kind."""

    name: str
    events: int


class EventStats(ResponseModel):
    """The kept events in figures."""

    statuses: list[EventCount]
    due: int
    """Events that should have been applied by now."""
    oldest_due_at: UtcDatetime | None
    """Since when the longest due of them is."""
    last_received_at: UtcDatetime | None
    types_of_last_day: list[EventCount]
    """By type, of what was received in the last 24 hours."""
    why_parked: list[EventCount]
    """The most frequent reasons, at most twenty."""


class SkippedEvent(ResponseModel):
    """An event that was left as it is."""

    svix_id: str
    why: str
    """What is in the way, and what to do next."""


class RowChange(ResponseModel):
    """A row that becomes other than it is: only the columns that differ."""

    clerk_user_id: str
    assignment_id: int | None
    """Null for the user's own row, and for an assignment that is new."""
    role: str | None
    """Null for the user's own row."""
    before: dict[str, Any] | None
    """Null if there is no such row yet. `(hidden)` stands for what is personal, unless it was to be revealed."""
    after: dict[str, Any] | None


class Difference(ResponseModel):
    """Everything that a replay would change."""

    users: list[RowChange]
    roles: list[RowChange]
    audit: list[AuditLine]
    """What would be added to the trail, first to last; ids and times would be others."""


class Replayed(ResponseModel):
    """What became of the events of a replay."""

    applied: int
    """Events that are true now, whether or not anything had to change."""
    ignored: int
    """Events that mean nothing to us."""
    left: list[SkippedEvent]
    difference: Difference | None
    """What it would change, if that is all that was asked; null if it was done."""
    next: str | None
    """The cursor with which the same request goes on; null if all is done."""


class Discarded(ResponseModel):
    """What became of events that were to be discarded."""

    discarded: int
    left: list[SkippedEvent]
    next: str | None
    """The cursor with which the same request goes on; null if all is done."""


def replayed(done: replay.ReplayResult, made: difference.Difference | None, more: str | None = None) -> Replayed:
    """What a replay did, or would do."""
    return Replayed(
        applied=done.applied,
        ignored=done.ignored,
        left=[SkippedEvent.model_validate(each) for each in done.left],
        difference=_difference(made) if made else None,
        next=more,
    )


def _difference(made: difference.Difference) -> Difference:
    return Difference(
        users=[RowChange.model_validate(each) for each in made.users],
        roles=[RowChange.model_validate(each) for each in made.roles],
        audit=[AuditLine.model_validate(each) for each in made.lines],
    )


def inspected(found: Inspection) -> InspectedEvent:
    """One delivery, looked at."""
    told = {name: getattr(found, name) for name in InspectedEvent.model_fields if hasattr(found, name)}
    return InspectedEvent.model_validate({**asdict(found.entry), **told, "audit": found.lines})
