"""What the desk can be asked: the models that judge queries and bodies. Unknown names are refused."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from api import cursor
from clerk.text import storable
from config.role import Role
from roles import authorship, times


def _read(value: object) -> datetime:
    """Times only as RFC 3339 writes them: numbers could be seconds, or milliseconds."""
    return times.read(value if isinstance(value, str) else "")


def _read_or_now(value: object) -> datetime:
    """`now` is the latest time that there is: nothing recorded until now is left out."""
    return times.LATEST if value == "now" else _read(value)


def _flag(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("give true or false")
    return value == "true"


def _fit(text: str) -> str:
    """Text as PostgreSQL can hold it."""
    return storable(text, len(text)) or ""


def check_range(since: datetime | None, until: datetime | None) -> None:
    """Refuse a range in which no time lies."""
    if since and until and since >= until:
        raise ValueError("let until lie after since")


Instant = Annotated[datetime, BeforeValidator(_read)]
AsOf = Annotated[
    datetime,
    BeforeValidator(_read_or_now),
    WithJsonSchema({"type": "string", "examples": ["now", "2026-09-01T08:00:00Z"]}),
]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, AfterValidator(_fit)]
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
    """What questions have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Page(RequestModel):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


class UsersQuery(Page):
    """Which users."""

    q: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    """How the name, the last name, the username or the e-mail address begins; upper or lower case alike."""
    role: Role | None = None
    """Only who holds this role now."""
    banned: Flag | None = None
    """Only banned users, or only others."""
    deleted: Flag = False
    """Tombstones in place of the living."""
    cursor: (
        Annotated[int, _place("users"), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})] | None
    ) = None
    """`next` of the page before."""


class AuditFormat(StrEnum):
    """How the trail is answered."""

    JSON = "json"
    CSV = "csv"
    JSONL = "jsonl"


class AuditQuery(Page):
    """Which lines of the trail."""

    user: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Whom they are about: a Clerk id."""
    actor: Annotated[Text, Field(min_length=1, max_length=600)] | None = None
    """Who did it, exactly as the lines say it."""
    action: Annotated[Text, Field(min_length=1, max_length=100)] | None = None
    """What happened, for example `role.revoked`."""
    since: Instant | None = None
    """From this instant on. A line can appear up to a transaction's length after its time: to follow the trail without
    a gap, use `after`."""
    until: Instant | None = None
    """From before this instant."""
    cursor: (
        Annotated[int, _place("audit"), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})] | None
    ) = None
    """`next` of the page before."""
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    """Oldest first, from after this position on: 0, or `position` of an earlier answer. No line that is read this way
    is ever preceded by one that appears later."""
    format: AuditFormat = AuditFormat.JSON
    """A page as `json`, or all that was asked for as `csv` or `jsonl` (JSON lines), without `limit` and `cursor`."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.after is not None and self.cursor is not None:
            raise ValueError("give after or cursor: after reads the oldest line first, cursor the newest")
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        check_range(self.since, self.until)
        if self.format is not AuditFormat.JSON and not self.model_fields_set.isdisjoint({"limit", "cursor"}):
            raise ValueError("csv and jsonl are the whole answer: leave out limit and cursor")
        return self


class HistoryQuery(RequestModel):
    """What was recorded by when."""

    as_of: AsOf | None = None
    """Only what was recorded by this instant; without it, everything recorded until now."""


class RolesQuery(RequestModel):
    """The instant in question, and what was recorded by when."""

    at: Instant | None = None
    """The instant in question; without it, now."""
    as_of: AsOf | None = None
    """Only what was recorded by this instant, or `now`. Defaults to `at`, at most now: what was so at that instant."""


class ExplainQuery(RolesQuery):
    """Which role, and when."""

    role: Role
    """The role to be explained."""


class Assign(RequestModel):
    """A role to be given to a user. Who assigns it comes from the caller's token."""

    role: Role
    reason: Reason
    """Why; it stands in the audit trail."""
    start: Instant | None = None
    """Held from this instant on, which may not be past; left out or null, from now on."""
    end: Instant | None = None
    """Held until just before this instant; left out or null, until somebody ends it."""
    notes: Notes = ""
    """Whatever admins want to remember."""

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.start and self.end and self.end <= self.start:
            raise ValueError("let the end lie after the start")
        return self


class ChangeEnd(RequestModel):
    """Another end of an assignment."""

    end: Instant | None
    """Held until just before this instant; null, until somebody ends it."""
    reason: Reason
    """Why; it stands in the audit trail."""


class Revoke(RequestModel):
    """The end of an assignment, now."""

    reason: Reason
    """Why; it stands in the audit trail."""
