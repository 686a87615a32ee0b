"""What Clerk says of a user, as values: the whole user at one moment, or that it is gone."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from clerk.text import storable, whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MILLISECONDS = 10**11
LAST_MILLISECONDS = 253_402_300_799_999
LONGEST_EMAIL = 320
LONGEST_NAME = 512
LONGEST_USERNAME = 512
LONGEST_EXTERNAL_ID = 2_048
LONGEST_URL = 8_192
"""Identifiers, addresses included, are stored whole or not at all; names are cut."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a time of Clerk's may lie ahead of the clock that it is compared with."""
NEVER = EPOCH
"""`banned_as_of` of a user of whom no snapshot has stated yet whether it is banned."""


class Implausible(Exception):
    """The version of a user's snapshot lies in the future, so it would hide every later change. Nothing was changed.

    Check the clocks of this host, of PostgreSQL and, on Clerk's status page, of Clerk.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole user as Clerk saw it at `version`; text is storable."""

    clerk_id: str
    version: datetime
    """Clerk's `updated_at`, exact to the millisecond."""
    email: str | None = None
    """The primary e-mail address, if the body really has it."""
    email_verified: bool | None = None
    """Whether Clerk verified that address; None if that is not known, which counts as verified."""
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    image_url: str | None = None
    external_id: str | None = None
    banned: bool = False
    banned_as_of: datetime | None = None
    """The version that stated `banned`, if it is not this snapshot's own."""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The user is gone since `at`."""

    clerk_id: str
    at: datetime
    received_at: datetime | None = field(default=None, compare=False)
    """When we heard of it; None: now."""


def moment(value: object) -> datetime | None:
    """A time of Clerk's: milliseconds since 1970, or seconds if below 10^11; None if it is no time at all."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    milliseconds = value if abs(value) >= FIRST_MILLISECONDS else value * 1_000
    if not 0 <= milliseconds <= LAST_MILLISECONDS:
        return None
    return EPOCH + timedelta(milliseconds=math.floor(milliseconds))


def identifier(value: object) -> str | None:
    """An id as Clerk makes them: up to 255 visible ASCII characters; None for anything else."""
    if (
        isinstance(value, str)
        and 0 < len(value) <= 255
        and value.isascii()
        and value.isprintable()
        and " " not in value
    ):
        return value
    return None


def snapshot(data: dict[str, Any]) -> Snapshot | None:
    """The user in an event's `data` or a Backend API answer; None without an id or a version."""
    clerk_id, version = identifier(data.get("id")), moment(data.get("updated_at"))
    if clerk_id is None or version is None:
        return None
    return known(data, clerk_id, version)


def known(data: dict[str, Any], clerk_id: str, version: datetime) -> Snapshot:
    """The user in such data, whose id and version have been read already."""
    email, email_verified = primary_email(data)
    banned = stated_ban(data)
    return Snapshot(
        clerk_id=clerk_id,
        version=version,
        email=email,
        email_verified=email_verified,
        first_name=storable(data.get("first_name"), LONGEST_NAME),
        last_name=storable(data.get("last_name"), LONGEST_NAME),
        username=whole(data.get("username"), LONGEST_USERNAME),
        image_url=whole(data.get("image_url"), LONGEST_URL),
        external_id=whole(data.get("external_id"), LONGEST_EXTERNAL_ID),
        banned=banned is True,
        banned_as_of=NEVER if banned is None else None,
        created_at=moment(data.get("created_at")),
    )


def stated_ban(data: dict[str, Any]) -> bool | None:
    """Whether the user is banned or, which means the same, deprovisioned; None if the data does not say."""
    if data.get("banned") is True or data.get("deprovisioned") is True:
        return True
    return False if data.get("banned") is False else None


def primary_email(data: dict[str, Any]) -> tuple[str | None, bool | None]:
    """The address whose id is `primary_email_address_id`, and whether Clerk verified it, if the data says so.

    That id may dangle, and the list may be empty or absent.
    """
    wanted, addresses = data.get("primary_email_address_id"), data.get("email_addresses")
    if isinstance(wanted, str) and isinstance(addresses, list):
        for address in addresses:
            if isinstance(address, dict) and address.get("id") == wanted:
                email = whole(address.get("email_address"), LONGEST_EMAIL) or None
                return email, _verified(address) if email else None
    return None, None


def _verified(address: dict[str, Any]) -> bool | None:
    if "verification" not in address:
        return None
    verification = address["verification"]
    return isinstance(verification, dict) and verification.get("status") == "verified"
