"""Response models. Responses are serialised from them, and the OpenAPI document is generated from them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from akako_guard.role import Role
from api.error_code import ErrorCode
from db import assignments, instants, temporal
from db.user_search import UserEntry
from roles import history

UtcDatetime = Annotated[datetime, AfterValidator(lambda value: value.astimezone(UTC))]


class ResponseModel(BaseModel):
    """Base class of all response models: built from attributes, without fields that are not in the OpenAPI document."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class Window(ResponseModel):
    """A role held by the caller in a window of time."""

    id: int
    """Id of the assignment."""
    role: Role
    effective_start_date: UtcDatetime
    """Held from this time on."""
    effective_end_date: UtcDatetime | None
    """Held until just before this time; null if it has no end; equal to the start if it was cancelled."""
    held: bool
    """Whether the role is held now, or at the time that the question is about."""


class Assignment(Window):
    """A role held by a user in a window of time."""

    assigned_by: str
    """Who assigned it: a Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME`, or `akako` for the default role."""
    assigned_by_email: str | None
    """E-mail address of that person when the role was assigned."""
    reason: str | None
    """Why it was assigned."""
    end_reason: str | None
    """Why it ended."""
    admin_notes: str | None
    """Notes for admins."""
    is_active: bool
    """False after the assignment was closed: revoked, or recorded as expired."""
    created_at: UtcDatetime
    updated_at: UtcDatetime


class UserSummary(ResponseModel):
    """A user as last described by Clerk, with the roles held now."""

    id: int
    """Row id, to which other tables can refer. It never changes and is never reused."""
    clerk_id: str
    email: str | None
    """E-mail address held by the user; null while another user holds the claimed address."""
    first_name: str | None
    last_name: str | None
    username: str | None
    image_url: str | None
    roles: tuple[Role, ...]
    """Roles held now. A banned user may hold roles, but is refused."""


class Profile(UserSummary):
    """The caller's own user."""

    at: UtcDatetime
    """When this was read, by the clock of the database. `roles` and `held` refer to it."""
    assignments: list[Window]
    """Past, current and future assignments, latest start first."""


class User(UserSummary):
    """A user as shown to admins."""

    claimed_email: str | None
    """Primary e-mail address at Clerk, even if another user holds it."""
    external_id: str | None
    banned: bool
    clerk_created_at: UtcDatetime | None
    clerk_updated_at: UtcDatetime | None
    deleted_at: UtcDatetime | None
    """When the user was deleted in Clerk. A deleted user is a tombstone without personal data."""


class UserWithHistory(User):
    """A user with all assignments."""

    as_of: UtcDatetime
    """The assignments are shown as recorded by this time, and `held` refers to it. All other fields are current."""
    assignments: list[Assignment]
    """Past, current and future assignments, latest start first."""


class Users(ResponseModel):
    """A page of users, newest first."""

    items: list[User]
    next: str | None
    """Cursor of the next page; null on the last page."""


class Revision(ResponseModel):
    """An audit line that changed the answer."""

    user_role_id: int
    """Id of the assignment."""
    role: Role
    held: bool
    """Whether, from this line on, the role counts as held at `at`."""
    recorded_at: UtcDatetime
    line: int
    """Id of the audit line."""
    action: str
    actor: str
    reason: str | None


class PointInTime(ResponseModel):
    """The question that was answered."""

    at: UtcDatetime
    """The time that the question is about."""
    as_of: UtcDatetime
    """The answer excludes what was recorded after this time."""
    question: instants.PastQuestion
    """`what_was_so`: what the guard decided at `at`, or would have decided. `what_is_known`: what was recorded by
    `as_of` about `at`, including later corrections."""
    user_status: temporal.UserStatus
    """Status of the user: the guard answers 401 to `unknown` and `deleted` users and 403 to `banned` ones."""
    revisions: list[Revision]
    """Audit lines recorded after the earlier of `at` and `as_of` that changed the answer about `at`, oldest first.
    Lines recorded after `as_of` are not part of this answer."""


class RolesAt(PointInTime):
    """The roles of a user at a point in time."""

    clerk_id: str
    roles: list[Role]
    assignments: list[Assignment]


class HeldWindow(ResponseModel):
    """A role held in a window of time."""

    id: int
    role: Role
    effective_start_date: UtcDatetime
    effective_end_date: UtcDatetime | None


class Holder(ResponseModel):
    """A user who held roles at a point in time."""

    id: int
    """Position of the user in the list: the next page starts after it."""
    clerk_id: str
    user_status: temporal.UserStatus
    assignments: list[HeldWindow]


class History(ResponseModel):
    """All assignments of a user."""

    clerk_id: str
    as_of: UtcDatetime
    """The assignments are shown as recorded by this time, and `held` refers to it."""
    assignments: list[Assignment]
    """Latest start first."""


class AuditLine(ResponseModel):
    """One change, recorded by the database. Audit lines are append-only."""

    id: int
    at: UtcDatetime
    """When the line was written."""
    action: str
    """`role.assigned`, `role.extended`, `role.shortened`, `role.revoked`, `role.expired`, `user.created`,
    `access.refused`, ..."""
    clerk_user_id: str | None
    """The user that the line is about."""
    user_role_id: int | None
    """Id of the assignment."""
    role: str | None
    actor: str
    """Who made the change: `clerk`, `calendar`, a Clerk id, `IMPERSONATOR as CLERK_ID`, `operator:NAME` or
    `database:ROLE`."""
    actor_email: str | None
    """E-mail address of that person."""
    reason: str | None
    """Why the change was made."""
    cause: str | None
    """The svix id or request id that caused the change."""
    before: dict[str, Any] | None
    """State before the change."""
    after: dict[str, Any] | None
    """State after the change."""


class AuditPage(ResponseModel):
    """A page of the audit trail: newest line first, or with `after` oldest line first."""

    items: list[AuditLine]
    next: str | None
    """Cursor of the next page; null on the last page, and with `after`."""
    position: int | None
    """With `after`: the position to continue from; if `items` is full, more lines are available. Otherwise null."""


class DeliveryEvidence(ResponseModel):
    """A stored delivery and how it was verified, without its body."""

    svix_id: str
    type: str | None
    occurred_at: UtcDatetime | None
    received_at: UtcDatetime
    applied_at: UtcDatetime | None
    status: str
    svix_timestamp: int
    """Signed timestamp of the delivery attempt, in seconds since 1970."""
    svix_signature: str
    verified_by: str
    """Fingerprint of the signing secret that verified the delivery: the first 12 hex digits of its SHA-256."""
    body_sha256: str
    body_bytes: int | None
    """Size of the body in bytes; null after the body was removed because of its age. The digest remains."""


class Explanation(PointInTime):
    """Why a user held, or did not hold, a role at a point in time."""

    user: User
    """The current state of the user."""
    role: Role
    held: bool
    """Whether the role was held."""
    why: str
    """The explanation, in one to four sentences."""
    assignment: Assignment | None
    """The assignment that was held; or else the last one that ended, the next one to start, or a cancelled one."""
    audit: list[AuditLine]
    """All audit lines of that assignment, oldest first."""
    deliveries: list[DeliveryEvidence]
    """The stored deliveries that caused those lines."""


class Problem(ResponseModel):
    """Error response of an endpoint."""

    error: ErrorCode
    """Stable error code for programs."""
    message: str
    """What is wrong and what to do next, for humans."""
    request_id: str
    """Id of this request in the log and in the audit trail."""
    assignment_id: int | None = None
    """Id of the conflicting assignment, if `error` is `overlap`."""


class Denial(ResponseModel):
    """Error response of the authentication guard. The reason is only logged."""

    error: Literal["Unauthorized", "Forbidden", "Unavailable"]
    """Why the request was denied, without details."""


def profile(entry: UserEntry, windows: Sequence[assignments.Assignment], at: datetime) -> Profile:
    """The profile of a user with all assignments, read at a time of the database's clock."""
    return Profile.model_validate({**asdict(entry), "assignments": windows, "at": at}, extra="ignore")


def with_history(found: history.History) -> UserWithHistory:
    """The response for a user with all assignments."""
    fields = {**asdict(found.user), "as_of": found.as_of, "assignments": found.assignments}
    return UserWithHistory.model_validate(fields, extra="ignore")
