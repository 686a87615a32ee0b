"""Decides what a user's `public_metadata` has to say about the roles held now. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.claims import Held

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 3_600.0


class Seen(StrEnum):
    """What a user's metadata at Clerk says, compared with what it should say."""

    SAME = "same"
    OTHER = "other"
    ANOTHER_INSTALLATION = "another_installation"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Clerk should have."""

    value: dict[str, object]
    """`roles` (sorted), `roles_by` (the installation), and `roles_until` (seconds since 1970) if a role ends."""
    next_change: datetime | None
    """When the value changes by the clock; None if it does not."""


def wanted(held: Held, installation: str) -> Wanted:
    """The value for a user. Banned and deleted users hold no roles."""
    windows = () if held.is_barred else held.windows
    roles = sorted({role for role, start, end in windows if start <= held.now and (end is None or end > held.now)})
    ends = [end for role in roles if (end := _end(held, role)) is not None]
    moments = [moment for _, start, end in windows for moment in (start, end) if moment and moment > held.now]
    until = {"roles_until": math.floor(min(ends).timestamp())} if ends else {}
    return Wanted({"roles": roles, "roles_by": installation, **until}, min(moments, default=None))


def _end(held: Held, role: str) -> datetime | None:
    """When a role that is held now ends by the clock, over windows that follow each other without a gap."""
    until = held.now
    for _, start, end in sorted((each for each in held.windows if each[0] == role), key=lambda window: window[1]):
        if start > until:
            break
        if end is None:
            return None
        until = end
    return until


def patch(value: Mapping[str, object]) -> dict[str, object]:
    """The merge that makes `public_metadata` have this value: an absent key is removed, other keys stay."""
    return {"roles_until": None, **value}


def compare(value: Mapping[str, object], seen: Mapping[str, object] | None, installation: str) -> Seen:
    """Compare the value that is wanted with the keys that Clerk has.

    A user who never held a role here needs no keys at all. None: an answer without metadata says nothing.
    """
    if seen is None:
        return Seen.OTHER
    by = seen.get("roles_by")
    if by is not None and by != installation:
        return Seen.ANOTHER_INSTALLATION
    if seen == value or (not seen and not value["roles"]):
        return Seen.SAME
    return Seen.OTHER


def pause_seconds(failures: int, retry_after: float) -> float:
    """How long to wait before the next push of a user, after this number of failures in a row before this one."""
    growing = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 20), LONGEST_PAUSE_SECONDS)
    return max(growing, retry_after)
