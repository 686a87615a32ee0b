"""Request models of the endpoints for differences from Clerk."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from api import cursor
from api.requests import Flag, Page, Reason, RequestModel, Text

MOST_DRIFTS = 100
"""As many users as one request to Clerk may ask for."""
LARGEST_ID = 2**63 - 1
_CURSOR: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}

DriftClass: TypeAlias = Literal["missed_creation", "missed_update", "differs", "ahead", "absent", "returned"]
DriftCursor = Annotated[int, BeforeValidator(cursor.reader("drift")), WithJsonSchema(_CURSOR)]
DriftId = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class DriftQuery(Page):
    """Filter and page of a list of differences."""

    kind: DriftClass | None = Field(default=None, alias="class")
    """Only differences of this class."""
    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Only differences of this user, by Clerk id."""
    ended: Flag = False
    """`true`: also differences that have ended."""
    cursor: DriftCursor | None = None
    """`next` of the previous page."""


class Repair(RequestModel):
    """Request to repair differences."""

    reason: Reason
    """Reason, recorded in the audit trail."""
    ids: Annotated[list[DriftId], Field(min_length=1, max_length=MOST_DRIFTS)] | None = None
    """Only these differences."""
    all: bool = False
    """All open differences, newest first."""
    kind: DriftClass | None = Field(default=None, alias="class")
    """With `all`: only this class."""
    dry_run: bool = False
    """Ask Clerk and return what would change, without changing anything."""
    force: bool = False
    """Let Clerk's contents win over a stored version that is the same or newer: for the classes `differs` and `ahead`.
    Deleted users stay deleted."""
    limit: Annotated[int, Field(ge=1, le=MOST_DRIFTS)] = MOST_DRIFTS
    """With `all`: maximum number of differences that this request processes."""
    cursor: DriftCursor | None = None
    """With `all`: `next` of the previous response."""

    @model_validator(mode="after")
    def _check_selection(self) -> Self:
        if bool(self.ids) == self.all or (self.ids and (self.kind or self.cursor)):
            raise ValueError("select differences: give ids, or all with an optional class and cursor")
        return self
