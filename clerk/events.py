"""Parses the body of a delivery into an `Event`. Never raises, whatever the body contains."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from akako_guard.identifier import identifier
from clerk import json
from clerk.text import storable
from clerk.user import CLOCK_TOLERANCE, EPOCH, Snapshot, parse_time, snapshot_at

LONGEST_TYPE = 255

# Not an enum: Clerk may add event types at any time, and a type that we do not use is not an error.
CHANGES = frozenset({"user.created", "user.updated"})
DELETION = "user.deleted"

# User ids in the dashboard's "Send Example" events, which are validly signed but describe users that do not exist.
EXAMPLES = frozenset({"user_29w83sxmDNGwOuEthce5gg56FcC", "user_29wBMCtzATuFJut8jO2VNTVekS4"})


@dataclass(frozen=True, slots=True)
class Changed:
    """A user was created or updated."""

    clerk_id: str
    version: datetime
    data: dict[str, Any]
    """The raw user object; use `snapshot` instead."""

    @property
    def snapshot(self) -> Snapshot:
        """The parsed user; parsed on access, since storing an event needs only the user's id."""
        return snapshot_at(self.data, self.clerk_id, self.version)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A user was deleted, at the event's `occurred_at` if it has one."""

    clerk_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that we do not use."""

    why: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that cannot be interpreted and has to be parked."""

    why: str


Meaning: TypeAlias = Changed | Deleted | Ignored | Unreadable


@dataclass(frozen=True, slots=True)
class Event:
    """A parsed body."""

    meaning: Meaning
    type: str | None = None
    clerk_user_id: str | None = None
    occurred_at: datetime | None = None
    """The snapshot's version, or else the envelope's timestamp; None if the body has neither."""
    instance_id: str | None = None
    """The Clerk instance that sent it; None if the body does not say."""


def read(body: bytes) -> Event:
    """Parse a body."""
    try:
        envelope = json.loads(body)
    except UnicodeDecodeError:
        return Event(Unreadable("The body is not UTF-8 text."))
    except ValueError:
        return Event(Unreadable("The body is not JSON."))
    if not isinstance(envelope, dict):
        return Event(Unreadable("The body is not a JSON object."))
    kind = storable(envelope.get("type"), LONGEST_TYPE)
    if not kind:
        return Event(Unreadable("The event has no type."))
    return _of_type(kind, envelope)


def read_delivery(body: bytes, svix_timestamp: int, instance_id: str | None = None) -> Event:
    """Parse a body delivered at `svix_timestamp` (seconds since 1970).

    A change or deletion whose own time is later than that, beyond `CLOCK_TOLERANCE`, is Unreadable, and so is one of
    another instance than `instance_id`, if both are known.
    """
    event = read(body)
    if instance_id and event.instance_id not in (None, instance_id) and isinstance(event.meaning, (Changed, Deleted)):
        return replace(event, meaning=Unreadable(_of_another_instance(event.instance_id, instance_id)))
    sent_at = EPOCH + timedelta(seconds=svix_timestamp)
    if event.occurred_at is None or event.occurred_at <= sent_at + CLOCK_TOLERANCE:
        return event
    match event.meaning:
        case Changed():
            return replace(event, meaning=Unreadable(_implausible("data.updated_at", event.occurred_at, sent_at)))
        case Deleted():
            return replace(event, meaning=Unreadable(_implausible("timestamp", event.occurred_at, sent_at)))
        case _:
            return event


def _of_another_instance(other: str | None, pinned: str) -> str:
    return (
        f"The event is from the Clerk instance {other}, and this installation is pinned to {pinned}. Remove this"
        " endpoint from that instance, and discard the event. If the instance was replaced on purpose, run"
        " `akako instance repin`, then replay the event."
    )


def _implausible(key: str, at: datetime, sent_at: datetime) -> str:
    return (
        f"The event's time ({key}, {at.isoformat()}) is more than 5 minutes after its delivery ({sent_at.isoformat()}),"
        " so nothing was changed. Compare the user with Clerk. If they differ, save the user in Clerk again, so that"
        " Clerk sends a new event. If Clerk did not send this event, rotate the signing secret. Then discard the event."
    )


def _of_type(kind: str, envelope: dict[str, Any]) -> Event:
    data = envelope.get("data")
    if kind not in CHANGES and kind != DELETION:
        return Event(Ignored("We do not use events of this type."), kind, None, parse_time(envelope.get("timestamp")))
    clerk_id = identifier(data.get("id")) if isinstance(data, dict) else None
    instance_id = identifier(envelope.get("instance_id"))
    if kind in CHANGES and clerk_id and isinstance(data, dict) and clerk_id not in EXAMPLES:
        version = parse_time(data.get("updated_at"))
        if version:
            return Event(Changed(clerk_id, version, data), kind, clerk_id, version, instance_id)
    at = parse_time(envelope.get("timestamp"))
    return Event(_without_snapshot(kind, clerk_id), kind, clerk_id, at, instance_id)


def _without_snapshot(kind: str, clerk_id: str | None) -> Meaning:
    if clerk_id is None:
        return Unreadable("The event does not say which user it is about (data.id).")
    if clerk_id in EXAMPLES:
        return Ignored("Clerk's 'Send Example' describes a user that does not exist.")
    if kind == DELETION:
        return Deleted(clerk_id)
    return Unreadable("The user has no version (data.updated_at), so its place among other events is unknown.")
