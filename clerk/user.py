"""What Clerk says of a user, as values: the whole user at one moment, or that it is gone."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from clerk.text import storable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MILLISECONDS = 10**11
LAST_MILLISECONDS = 253_402_300_799_999
LONGEST_EMAIL = 320
LONGEST_NAME = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole user as Clerk saw it at `version`; text is storable."""

    clerk_id: str
    version: datetime
    """Clerk's `updated_at`, exact to the millisecond."""
    email: str | None = None
    """The primary e-mail address, if the body really has it."""
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    image_url: str | None = None
    external_id: str | None = None
    banned: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The user is gone since `at`."""

    clerk_id: str
    at: datetime


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
    return Snapshot(
        clerk_id=clerk_id,
        version=version,
        email=primary_email(data),
        first_name=storable(data.get("first_name"), LONGEST_NAME),
        last_name=storable(data.get("last_name"), LONGEST_NAME),
        username=storable(data.get("username"), LONGEST_NAME),
        image_url=storable(data.get("image_url")),
        external_id=storable(data.get("external_id"), LONGEST_NAME),
        banned=data.get("banned") is True,
        created_at=moment(data.get("created_at")),
    )


def primary_email(data: dict[str, Any]) -> str | None:
    """The address whose id is `primary_email_address_id`; that id may dangle, and the list may be empty or absent."""
    wanted, addresses = data.get("primary_email_address_id"), data.get("email_addresses")
    if not isinstance(wanted, str) or not isinstance(addresses, list):
        return None
    for address in addresses:
        if isinstance(address, dict) and address.get("id") == wanted:
            return _address(address.get("email_address"))
    return None


def _address(value: object) -> str | None:
    """Not cut when too long, as a name is: the beginning of an address is another address."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_EMAIL:
        return None
    return storable(value)
