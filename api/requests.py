"""Request models: validation of query parameters and JSON bodies. Unknown names are rejected."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from akako_guard.role import Role
from api import cursor
from clerk.text import storable
from roles import authorship, times


def _read(value: object) -> datetime:
    """Accepts RFC 3339 text only: a number could mean seconds or milliseconds."""
    return times.read(value if isinstance(value, str) else "")


def _read_or_now(value: object) -> datetime:
    """Also accepts `now`, read as the latest possible time, so that everything recorded until now is included."""
    return times.LATEST if value == "now" else _read(value)


def _flag(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def _storable(text: str) -> str:
    """Replaces characters that PostgreSQL cannot store."""
    return storable(text, len(text)) or ""


def check_range(since: datetime | None, until: datetime | None) -> None:
    """Raise ValueError if the range is empty."""
    if since and until and since >= until:
        raise ValueError("until must be after since")


Instant = Annotated[datetime, BeforeValidator(_read)]
AsOf = Annotated[
    datetime,
    BeforeValidator(_read_or_now),
    WithJsonSchema({"type": "string", "examples": ["now", "2026-09-01T08:00:00Z"]}),
]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, AfterValidator(_storable)]
Reason = Annotated[
    str,
    AfterValidator(authorship.reason),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": authorship.LONGEST_REASON, "pattern": authorship.REASON_PATTERN}
    ),
]
Notes = Annotated[
    Text, AfterValidator(authorship.notes), Field(json_schema_extra={"maxLength": authorship.LONGEST_NOTES})
]


def _place(kind: str) -> BeforeValidator:
    return BeforeValidator(cursor.reader(kind), json_schema_input_type=str)


class RequestModel(BaseModel):
    """Base class of all request models."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Page(RequestModel):
    """Page of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """Maximum number of items on a page."""


class UsersQuery(Page):
    """Filter and page of a list of users."""

    q: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """Prefix of the name, last name, username or e-mail address; case-insensitive."""
    role: Role | None = None
    """Only users who hold this role now, including banned ones."""
    banned: Flag | None = None
    """`true`: only banned users. `false`: only users who are not banned."""
    deleted: Flag = False
    """`true`: only deleted users. `false`: only users who are not deleted."""
    cursor: (
        Annotated[int, _place("users"), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})] | None
    ) = None
    """`next` of the previous page."""


class AuditFormat(StrEnum):
    """Format of the response."""

    JSON = "json"
    CSV = "csv"
    JSONL = "jsonl"


class AuditQuery(Page):
    """Filter and page of the audit trail."""

    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Only lines about this user, by Clerk id."""
    actor: Annotated[Text, Field(min_length=1, max_length=600)] | None = None
    """Only lines with exactly this actor."""
    action: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    """Only lines with this action, for example `role.revoked`."""
    cause: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Only lines that this delivery (svix id) or request (request id) caused."""
    since: Instant | None = None
    """Written at or after this time. A line becomes visible when its transaction commits, which is later than its time:
    use `after` to follow the trail without missing lines."""
    until: Instant | None = None
    """Written before this time."""
    cursor: (
        Annotated[int, _place("audit"), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})] | None
    ) = None
    """`next` of the previous page."""
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    """Return lines after this position, oldest first: 0, or `position` of an earlier response. Only final lines are
    returned: no line can appear before them later."""
    format: AuditFormat = AuditFormat.JSON
    """`json` returns one page. `csv` and `jsonl` (JSON lines) return all matching lines and do not allow `limit` and
    `cursor`."""

    @model_validator(mode="after")
    def _check_direction(self) -> Self:
        if self.after is not None and self.cursor is not None:
            raise ValueError("give after or cursor, not both: after lists the oldest line first, cursor the newest")
        return self

    @model_validator(mode="after")
    def _check_format(self) -> Self:
        check_range(self.since, self.until)
        if self.format is not AuditFormat.JSON and not self.model_fields_set.isdisjoint({"limit", "cursor"}):
            raise ValueError("csv and jsonl return all lines: omit limit and cursor")
        return self


class HistoryQuery(RequestModel):
    """Time as of which assignments are shown."""

    as_of: AsOf | None = None
    """Include only what was recorded by this time. Defaults to now."""


class RolesQuery(RequestModel):
    """The time that the question is about, and the time as of which it is answered."""

    at: Instant | None = None
    """The time that the question is about. Defaults to now."""
    as_of: AsOf | None = None
    """Include only what was recorded by this time, or `now`. Defaults to `at`, but at most now."""


class ExplainQuery(RolesQuery):
    """The role to explain, and the time."""

    role: Role
    """The role to explain."""


class Assign(RequestModel):
    """Request to assign a role to a user. The assigning admin is taken from the token."""

    role: Role
    """The role to assign."""
    reason: Reason
    """Reason, recorded in the audit trail."""
    start: Instant | None = None
    """Held from this time on; must not be in the past. Omitted or null: from now on."""
    end: Instant | None = None
    """Held until just before this time. Omitted or null: no end."""
    notes: Notes = ""
    """Notes for admins."""

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        if self.start and self.end and self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class ChangeEnd(RequestModel):
    """Request to change the end of an assignment."""

    end: Instant | None
    """Held until just before this time. Null: no end."""
    reason: Reason
    """Reason, recorded in the audit trail."""


class Revoke(RequestModel):
    """Request to end an assignment now."""

    reason: Reason
    """Reason, recorded in the audit trail."""
