"""What the desk can be asked about kept events."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from api import cursor
from api.requests import Instant, Page, Reason, RequestModel, Text, check_range
from clerk.user import identifier
from db.event_filter import EventFilter, EventStatus

MOST_EVENTS = 1_000
_CURSOR: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 500}


def _svix_id(text: str) -> str:
    if identifier(text) is None:
        raise ValueError("give svix ids as they are, up to 255 visible ASCII characters each")
    return text


SvixId = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(_svix_id)]
EventCursor = Annotated[str, BeforeValidator(cursor.text_reader("events")), WithJsonSchema(_CURSOR)]


class EventConditions(RequestModel):
    """Which events: those that meet every condition given."""

    status: EventStatus | None = None
    type: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Exactly, as `user.updated`."""
    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Whom they are about: a Clerk id."""
    since: Instant | None = None
    """Received from this instant on."""
    until: Instant | None = None
    """Received before this instant."""
    occurred_since: Instant | None = None
    """Happened at Clerk from this instant on."""
    occurred_until: Instant | None = None
    """Happened at Clerk before this instant."""
    error: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """A part of why they failed, are ignored or parked; upper or lower case alike."""

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        check_range(self.since, self.until)
        check_range(self.occurred_since, self.occurred_until)
        return self

    def selection(self, svix_ids: tuple[str, ...] | None = None) -> EventFilter:
        """The same as the value that finds them."""
        return EventFilter(svix_ids=svix_ids, **{name: getattr(self, name) for name in EventConditions.model_fields})


class EventsQuery(EventConditions, Page):
    """Which page of which events."""

    cursor: EventCursor | None = None
    """`next` of the page before."""


class Reveal(RequestModel):
    """Why the personal fields of a delivery are to be seen."""

    reason: Reason
    """Why; it stands in the audit trail."""


class EventAction(EventConditions):
    """Which events a person does something about, and why."""

    reason: Reason
    """Why; it stands in the audit trail."""
    svix_ids: Annotated[list[SvixId], Field(min_length=1, max_length=MOST_EVENTS)] | None = None
    """These, as far as they meet the conditions."""
    limit: Annotated[int, Field(ge=1, le=MOST_EVENTS)] = 200
    """How many events of a selection this request is for at most."""
    cursor: EventCursor | None = None
    """`next` of the request before."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.chosen().is_everything:
            raise ValueError("say which events: svix_ids or conditions")
        return self

    def chosen(self) -> EventFilter:
        """The events meant."""
        return self.selection(tuple(self.svix_ids) if self.svix_ids else None)


class Discard(EventAction):
    """Events to be put away for good."""


class Replay(EventAction):
    """Events to be applied again."""

    preview: bool = False
    """Show what would change, and change nothing."""
    reveal: bool = False
    """Show personal fields in the preview; the audit trail says that you did."""
    force: bool = False
    """Let one event count although a newer one is known. Nobody is brought back."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.force and len(self.svix_ids or ()) != 1:
            raise ValueError("force takes one svix id: of several events, their order would decide what is true")
        return self
