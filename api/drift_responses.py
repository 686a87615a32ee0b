"""Response models of the endpoints for differences from Clerk."""

from dataclasses import asdict

from pydantic import Field

from api import event_responses
from api.event_responses import Difference, Event
from api.responses import AuditLine, ResponseModel, UtcDatetime
from db.walks import RecordedWalk
from reconcile.drift_inspection import DriftInspection
from reconcile.drift_repair import RepairResult
from sync import difference


class Drift(ResponseModel, serialize_by_alias=True):
    """A recorded difference between Clerk and the database."""

    id: int
    clerk_id: str
    kind: str = Field(validation_alias="kind", serialization_alias="class")
    """`missed_creation`, `missed_update`, `differs`, `ahead`, `absent` or `returned`."""
    fields: list[str]
    """Names of the columns that differ."""
    our_version: UtcDatetime | None
    """Version stored when the difference was last checked; null for an unknown or deleted user."""
    clerk_version: UtcDatetime | None
    """Version at Clerk when the difference was last checked; null for a user that Clerk did not show."""
    walk_id: int | None
    """The walk that found it; null if it was found among the latest updates."""
    found_at: UtcDatetime
    checked_at: UtcDatetime
    """When it was last checked."""
    next_check_at: UtcDatetime
    """When it is checked next, if it is open."""
    gone_at: UtcDatetime | None
    """When Clerk first answered that it has no such user."""
    ended_at: UtcDatetime | None
    """When it ended; null while it is open."""
    outcome: str | None
    """`resolved`: it ended by itself. `repaired`: Clerk's contents were applied. `deleted`, `held`: the user is gone,
    and was deleted, or the deletion waits for a person."""


class Drifts(ResponseModel):
    """A page of differences, newest first."""

    items: list[Drift]
    next: str | None
    """Cursor of the next page; null on the last page."""


class Walk(ResponseModel):
    """A walk over all users of Clerk."""

    id: int
    kind: str
    """`backfill` or `reconcile`."""
    started_at: UtcDatetime
    saved_at: UtcDatetime
    """When its progress was last saved."""
    seen: int
    """Users read so far."""
    count_before: int
    """Users that Clerk counted at the start."""
    outcome: str | None
    """`complete` or `incomplete`; null while it is unfinished."""
    reason: str | None
    """Why it is incomplete."""


class DriftClass(ResponseModel):
    """A class of differences, and how many are open."""

    name: str
    open: int
    meaning: str
    """What the class means, in plain words."""
    action: str
    """What is done about this class."""


class DriftSummary(ResponseModel):
    """Open differences by class, and the last walks over all users of Clerk."""

    at: UtcDatetime
    """Time of the database."""
    classes: list[DriftClass]
    walks: list[Walk]
    """The 20 last ones, the one that was started last first."""


class InspectedDrift(Drift):
    """A difference, what it means, and what is known about its user."""

    meaning: str
    """What the class means, in plain words."""
    action: str
    """What is done about this class."""
    walk: Walk | None
    """The walk that found it."""
    events: list[Event]
    """The 20 newest events about the user."""
    audit: list[AuditLine]
    """The audit lines that its repair caused, oldest first."""


class SkippedDrift(ResponseModel):
    """A difference that was not repaired."""

    id: int
    clerk_id: str | None
    why: str
    """Why it was not repaired, and what to do next."""


class Repaired(ResponseModel):
    """Result of a repair."""

    repaired: list[int]
    """Ids of the differences whose user is as Clerk says now."""
    resolved: list[int]
    """Ids of the differences that had ended by themselves."""
    left: list[SkippedDrift]
    """Differences that were not repaired."""
    difference: Difference | None
    """The changes that a dry run would make, with personal data redacted; null if the repair was made."""
    next: str | None
    """Cursor with which to repeat the request for the remaining differences; null if none remain."""


def walk(found: RecordedWalk) -> Walk:
    """The response for a walk."""
    return Walk.model_validate({**asdict(found.walk), "kind": found.kind, "saved_at": found.saved_at}, extra="ignore")


def inspected(found: DriftInspection) -> InspectedDrift:
    """The response for one inspected difference."""
    return InspectedDrift.model_validate(
        {
            **asdict(found.entry),
            **asdict(found.explanation),
            "walk": found.walk and walk(found.walk),
            "events": found.events,
            "audit": found.lines,
        },
        extra="ignore",
    )


def repaired(done: RepairResult, made: difference.Difference | None, more: str | None = None) -> Repaired:
    """The response for a repair or its dry run."""
    return Repaired(
        repaired=done.repaired,
        resolved=done.resolved,
        left=[SkippedDrift.model_validate(each) for each in done.left],
        difference=event_responses.changes(made) if made else None,
        next=more,
    )
