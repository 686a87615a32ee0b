"""What the desk answers, as the models that answers are written from and the API's document is generated from."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from config.role import Role
from db import assignments, instants, temporal
from db.user_search import UserEntry
from roles import history

UtcDatetime = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class ResponseModel(BaseModel):
    """What answers have in common: they are read from our values, and hold nothing that the document does not name."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class Window(ResponseModel):
    """A role of the caller's own, in its window of time."""

    id: int
    role: Role
    effective_start_date: UtcDatetime
    """Held from this instant on."""
    effective_end_date: UtcDatetime | None
    """Held until just before this instant; null while open; equal to the start if it was cancelled."""
    held: bool
    """Whether it is held now, or was at the instant that was asked about."""


class Assignment(Window):
    """A role held by a user in a window of time, with everything that admins know of it."""

    assigned_by: str
    """A Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME`, or `akako` for the default role."""
    assigned_by_email: str | None
    reason: str | None
    """Why it was assigned."""
    end_reason: str | None
    """Why it ended."""
    admin_notes: str | None
    is_active: bool
    """False once it is closed: revoked, or expired and written down."""
    created_at: UtcDatetime
    updated_at: UtcDatetime


class UserSummary(ResponseModel):
    """A user as Clerk last described one, with the roles held now."""

    clerk_id: str
    email: str | None
    """The address that the user holds; null while another user holds the claimed one."""
    first_name: str | None
    last_name: str | None
    username: str | None
    image_url: str | None
    roles: tuple[Role, ...]
    """Held at this instant."""


class Profile(UserSummary):
    """The caller's own user."""

    assignments: list[Window]
    """Past, present and future, the latest start first."""


class User(UserSummary):
    """A user as admins see one."""

    claimed_email: str | None
    """The primary address at Clerk, whoever holds it here."""
    external_id: str | None
    banned: bool
    clerk_created_at: UtcDatetime | None
    clerk_updated_at: UtcDatetime | None
    deleted_at: UtcDatetime | None
    """When the user was deleted in Clerk; such a tombstone remembers no person."""


class UserWithHistory(User):
    """One user with every assignment."""

    as_of: UtcDatetime
    """The assignments are as recorded by this instant, and `held` refers to it; everything else is as it is now."""
    assignments: list[Assignment]
    """Past, present and future, the latest start first."""


class Users(ResponseModel):
    """A page of users, the newest first."""

    items: list[User]
    next: str | None
    """The cursor of the next page; null on the last one."""


class Revision(ResponseModel):
    """An audit line that changed the answer about the instant in question."""

    user_role_id: int
    """The assignment."""
    role: Role
    held: bool
    """Whether it counts as held at the instant in question from this line on."""
    recorded_at: UtcDatetime
    line: int
    """The id of the audit line."""
    action: str
    actor: str
    reason: str | None


class PointInTime(ResponseModel):
    """Which question was answered."""

    at: UtcDatetime
    """The instant in question."""
    as_of: UtcDatetime
    """What was recorded later is not part of the answer."""
    question: instants.PastQuestion
    """`what_was_so`: what the guard decided at `at`, or would have decided. `what_is_known`: what was recorded by
    `as_of` about `at`."""
    user_status: temporal.UserStatus
    """How the guard treated the user: `unknown` and `deleted` users get 401, `banned` ones 403."""
    revisions: list[Revision]
    """The audit lines recorded after the earlier of `at` and `as_of` that changed the answer about `at`, first to
    last. Those recorded after `as_of` became known later and are not part of this answer."""


class RolesAt(PointInTime):
    """What a user held at an instant."""

    clerk_id: str
    roles: list[Role]
    assignments: list[Assignment]


class HeldWindow(ResponseModel):
    """A role in its window of time."""

    id: int
    role: Role
    effective_start_date: UtcDatetime
    effective_end_date: UtcDatetime | None


class Holder(ResponseModel):
    """A user who held roles at the instant in question."""

    id: int
    """The position: a listing goes on after it."""
    clerk_id: str
    user_status: temporal.UserStatus
    assignments: list[HeldWindow]


class History(ResponseModel):
    """All assignments of a user."""

    clerk_id: str
    as_of: UtcDatetime
    """The assignments are as recorded by this instant, and `held` refers to it."""
    assignments: list[Assignment]
    """The latest start first."""


class AuditLine(ResponseModel):
    """One change, as the database wrote it down; nobody can change it afterwards."""

    id: int
    at: UtcDatetime
    action: str
    """`role.assigned`, `role.extended`, `role.shortened`, `role.revoked`, `role.expired`, `user.created`,
    `access.refused`, ..."""
    clerk_user_id: str | None
    """Whom it is about."""
    user_role_id: int | None
    role: str | None
    actor: str
    """Who did it: `clerk`, `calendar`, a Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME`, `database:ROLE`."""
    actor_email: str | None
    reason: str | None
    cause: str | None
    """The delivery (svix id) or request id behind it."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(ResponseModel):
    """A page of the audit trail: the newest line first, or with `after` the oldest."""

    items: list[AuditLine]
    next: str | None
    """The cursor of the next page; null on the last one, and with `after`."""
    position: int | None
    """With `after`: where to continue, at once if `items` is full, else when you like; null without it."""


class DeliveryEvidence(ResponseModel):
    """A delivery of Clerk's that we kept, and how it was verified. Its body stays in the database."""

    svix_id: str
    type: str | None
    occurred_at: UtcDatetime | None
    received_at: UtcDatetime
    applied_at: UtcDatetime | None
    status: str
    svix_timestamp: int
    """The attempt's time in seconds since 1970, as it was signed."""
    svix_signature: str
    verified_by: str
    """The signing secret that fitted: the first 12 hexadecimal digits of its SHA-256."""
    body_sha256: str
    body_bytes: int | None
    """Null once the body was removed for its age; its digest stays."""


class Explanation(PointInTime):
    """Why a user held a role at an instant, or did not."""

    user: User
    """As the user is now."""
    role: Role
    held: bool
    why: str
    """One to four sentences."""
    assignment: Assignment | None
    """The one that was held; else the one that ended last; else the next to begin; else one that was cancelled."""
    audit: list[AuditLine]
    """All audit lines of that assignment, first to last."""
    deliveries: list[DeliveryEvidence]
    """The stored deliveries behind those lines."""


class Problem(ResponseModel):
    """Every refusal, except the guard's own."""

    error: str
    """One word for programs; it stays as it is."""
    message: str
    """What is wrong and what to do next, for people."""
    request_id: str
    """Names this request in our log and in the audit trail."""
    assignment_id: int | None = None
    """The assignment in the way, where `error` is `overlap`."""


class Denial(ResponseModel):
    """The guard's own answer; its reason is in our log only."""

    error: str


def profile(entry: UserEntry, windows: Sequence[assignments.Assignment]) -> Profile:
    """A user's own view of every assignment."""
    return Profile.model_validate({**asdict(entry), "assignments": windows}, extra="ignore")


def with_history(found: history.History) -> UserWithHistory:
    """A user together with every assignment."""
    said = {**asdict(found.user), "as_of": found.as_of, "assignments": found.assignments}
    return UserWithHistory.model_validate(said, extra="ignore")
