"""Which kept events are meant: one value for commands and API, and the SQL that finds them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum


class EventStatus(StrEnum):
    """How far we are with an event; the database refuses any other."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Events that meet every condition given; None asks nothing."""

    svix_ids: tuple[str, ...] | None = None
    status: EventStatus | None = None
    type: str | None = None
    user: str | None = None
    """Clerk's id of whom they are about."""
    since: datetime | None = None
    """Received from this instant on."""
    until: datetime | None = None
    """Received before this instant."""
    occurred_since: datetime | None = None
    occurred_until: datetime | None = None
    error: str | None = None
    """A part of why they failed, are ignored or parked, in letters of either case."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing at all is asked."""
        return not any(True for _ in self._given())

    def sql(self, *more: str) -> tuple[str, dict[str, object]]:
        """A condition for `where`, with its parameters; `more` are further conditions of ours."""
        given = dict(self._given())
        conditions = [*(_CONDITIONS[name] for name in given), *more]
        return " and ".join(conditions) or "true", {name: _plain(value) for name, value in given.items()}

    def _given(self) -> Iterator[tuple[str, object]]:
        return ((name, value) for name, value in asdict(self).items() if value is not None)


_CONDITIONS = {
    "svix_ids": "svix_id = any(%(svix_ids)b::text[])",
    "status": "status = %(status)s",
    "type": "type = %(type)s",
    "user": "clerk_user_id = %(user)s",
    "since": "received_at >= %(since)s",
    "until": "received_at < %(until)s",
    "occurred_since": "occurred_at >= %(occurred_since)s",
    "occurred_until": "occurred_at < %(occurred_until)s",
    "error": "last_error is not null and strpos(lower(last_error), lower(%(error)s)) > 0",
}


def _plain(value: object) -> object:
    """As the driver takes it."""
    match value:
        case tuple():
            return list(value)
        case EventStatus():
            return value.value
        case _:
            return value
