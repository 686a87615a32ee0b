"""Filter for stored events, shared by commands and API, and its SQL condition."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from db.event_reasons import KIND


class EventStatus(StrEnum):
    """Processing status of an event. A database constraint rejects other values."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    PARKED = "parked"
    DISCARDED = "discarded"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Matches events that meet every condition given. None means no condition."""

    svix_ids: tuple[str, ...] | None = None
    status: EventStatus | None = None
    type: str | None = None
    user: str | None = None
    """Clerk id of the user that the events are about."""
    since: datetime | None = None
    """Received at or after this time."""
    until: datetime | None = None
    """Received before this time."""
    occurred_since: datetime | None = None
    occurred_until: datetime | None = None
    error: str | None = None
    """Text contained in the reason why an event failed, was ignored or was parked; case-insensitive."""
    error_kind: str | None = None
    """The kind of this reason (`db.event_reasons`)."""

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition, so that every event matches."""
        return not any(True for _ in self._given())

    def sql(self, *more: str) -> tuple[str, dict[str, object]]:
        """A condition for `where`, with its parameters. `more` are additional SQL conditions."""
        given = dict(self._given())
        conditions = [*(_CONDITIONS[name] for name in given), *more]
        parameters = {name: _plain(value) for name, value in given.items()}
        return " and ".join(conditions) or "true", {**parameters, "statuses": [each.value for each in EventStatus]}

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
    # All statuses, since the index begins with the status.
    "error_kind": f"last_error is not null and status = any(%(statuses)b::text[]) and {KIND} = %(error_kind)s",
}


def _plain(value: object) -> object:
    """The value as a type that the driver accepts."""
    match value:
        case tuple():
            return list(value)
        case EventStatus():
            return value.value
        case _:
            return value
