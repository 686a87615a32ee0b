"""Request and response models of the endpoints for held deletions."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from akako_guard.identifier import identifier
from api import cursor
from api.requests import Page, Reason, RequestModel, Text
from api.responses import ResponseModel, UtcDatetime

MOST_DELETIONS = 50
_CURSOR: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 500}


def _clerk_id(text: str) -> str:
    if identifier(text) is None:
        raise ValueError("a Clerk id has 1 to 255 visible ASCII characters")
    return text


HeldUser = Annotated[Text, Field(min_length=1, max_length=255), AfterValidator(_clerk_id)]
DeletionCursor = Annotated[int, BeforeValidator(cursor.reader("deletions")), WithJsonSchema(_CURSOR)]


class DeletionsQuery(Page):
    """Page of the held deletions."""

    cursor: DeletionCursor | None = None
    """`next` of the previous page."""


class DeletionDecision(RequestModel):
    """Request to decide about held deletions: of the users given, or of all."""

    reason: Reason
    """Reason, recorded in the audit trail."""
    clerk_ids: Annotated[list[HeldUser], Field(min_length=1, max_length=MOST_DELETIONS)] | None = None
    """The users, by Clerk id."""
    all: bool = False
    """All users whose deletion is held, oldest hold first."""
    limit: Annotated[int, Field(ge=1, le=MOST_DELETIONS)] = 20
    """Maximum number of deletions that this request processes, with `all`."""
    cursor: DeletionCursor | None = None
    """`next` of the previous response, with `all`."""
    dry_run: bool = False
    """Return what would be decided, without changing anything."""

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        if self.all == (self.clerk_ids is not None):
            raise ValueError("give either clerk_ids or all")
        return self


class HeldDeletion(ResponseModel):
    """A deletion that waits for a person."""

    id: int
    clerk_id: str
    """The user."""
    kind: str
    """`signed` by a delivery, or `inferred` by reconciling."""
    svix_id: str | None
    """The delivery that signed it; null for an inferred one."""
    cause: str
    """The svix id, or what inferred the deletion."""
    occurred_at: UtcDatetime
    """When the user was deleted."""
    held_at: UtcDatetime
    """Since when it is held."""
    asked_at: UtcDatetime | None
    """When Clerk last answered whether it has the user."""
    exists_at_clerk: bool | None
    """What Clerk answered then; null if it was not asked yet."""
    confirmed_at: UtcDatetime | None
    """When Clerk confirmed that the user is gone. The user has had no access since then."""


class HeldDeletions(ResponseModel):
    """A page of held deletions, oldest first."""

    items: list[HeldDeletion]
    next: str | None
    """Cursor of the next page; null on the last page."""


class HeldCount(ResponseModel):
    """How many deletions are held for the same reason."""

    kind: str
    """`signed` by a delivery, or `inferred` by reconciling."""
    exists_at_clerk: bool | None
    """Whether Clerk has the users, as it answered last; null if it was not asked yet."""
    deletions: int


class DeletionsSummary(ResponseModel):
    """The held deletions by reason."""

    total: int
    """Number of held deletions; counted up to 10,000."""
    reasons: list[HeldCount]
    """The most frequent first."""


class SkippedDeletion(ResponseModel):
    """A user whose deletion was neither released nor rejected."""

    clerk_id: str
    why: str
    """Why, and what to do next."""


class DeletionsDecided(ResponseModel):
    """Result of releasing or rejecting held deletions."""

    done: list[str]
    """The users whose deletion was released or rejected, by Clerk id; with `dry_run`, would be."""
    left: list[SkippedDeletion]
    """The users whose deletion was neither released nor rejected."""
    next: str | None
    """Cursor with which to repeat the request for the remaining deletions; null if none remain."""
