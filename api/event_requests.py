"""Request models of the endpoints for stored events."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from akako_guard.identifier import identifier
from api import cursor
from api.requests import Instant, Page, Reason, RequestModel, Text, check_range
from db.event_filter import EventFilter, EventStatus

MOST_EVENTS = 1_000
_CURSOR: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 500}


def _svix_id(text: str) -> str:
    if identifier(text) is None:
        raise ValueError("a svix id has 1 to 255 visible ASCII characters")
    return text


SvixId = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(_svix_id)]
EventCursor = Annotated[str, BeforeValidator(cursor.text_reader("events")), WithJsonSchema(_CURSOR)]


class EventConditions(RequestModel):
    """Filter for events. An event must match every condition that is given."""

    status: EventStatus | None = None
    """Only events with this status."""
    type: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Exact event type, for example `user.updated`."""
    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Only events about this user, by Clerk id."""
    since: Instant | None = None
    """Received at or after this time."""
    until: Instant | None = None
    """Received before this time."""
    occurred_since: Instant | None = None
    """Occurred at Clerk at or after this time."""
    occurred_until: Instant | None = None
    """Occurred at Clerk before this time."""
    error: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """Text contained in the reason why an event failed, was ignored or was parked; case-insensitive."""
    error_kind: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """Only events with this kind of reason, as named in `why_parked` of the statistics."""

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        check_range(self.since, self.until)
        check_range(self.occurred_since, self.occurred_until)
        return self

    def selection(self, svix_ids: tuple[str, ...] | None = None) -> EventFilter:
        """The filter for database queries."""
        return EventFilter(svix_ids=svix_ids, **{name: getattr(self, name) for name in EventConditions.model_fields})


class EventsQuery(EventConditions, Page):
    """Filter and page of a list of events."""

    cursor: EventCursor | None = None
    """`next` of the previous page."""


class Reveal(RequestModel):
    """Request to show the unredacted body of a delivery."""

    reason: Reason
    """Reason, recorded in the audit trail."""


class EventAction(EventConditions):
    """Request to act on a selection of events."""

    reason: Reason
    """Reason, recorded in the audit trail."""
    svix_ids: Annotated[list[SvixId], Field(min_length=1, max_length=MOST_EVENTS)] | None = None
    """Only these events, if they also match the other conditions."""
    limit: Annotated[int, Field(ge=1, le=MOST_EVENTS)] = 200
    """Maximum number of events that this request processes."""
    cursor: EventCursor | None = None
    """`next` of the previous response."""

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if self.chosen().is_everything:
            raise ValueError("select events: give svix_ids or at least one condition")
        return self

    def chosen(self) -> EventFilter:
        """The filter that selects the events."""
        return self.selection(tuple(self.svix_ids) if self.svix_ids else None)


class Discard(EventAction):
    """Request to discard events."""


class Replay(EventAction):
    """Request to apply events again."""

    preview: bool = False
    """Return what would change, without changing anything."""
    reveal: bool = False
    """Include personal data in the preview. This is recorded in the audit trail."""
    force: bool = False
    """Apply one event even though a newer state of its user is stored. Deleted users stay deleted."""

    @model_validator(mode="after")
    def _check_force(self) -> Self:
        if self.force and len(self.svix_ids or ()) != 1:
            raise ValueError(
                "force requires exactly one svix id: with several events, the result would depend on their order"
            )
        return self
