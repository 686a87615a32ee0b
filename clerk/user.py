"""Parses Clerk's user objects into snapshots."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from akako_guard.identifier import identifier
from clerk.text import storable, whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MILLISECONDS = 10**11
MILLISECONDS_OF_2109 = 2**42
LAST_MILLISECONDS = 253_402_300_799_999
LONGEST_EMAIL = 320
LONGEST_NAME = 512
LONGEST_USERNAME = 512
LONGEST_EXTERNAL_ID = 2_048
LONGEST_URL = 8_192
"""Characters. Identifiers and addresses that exceed their limit are dropped; names are truncated."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a time from Clerk may be ahead of the clock that it is compared with."""
CLAIM_KEYS = ("roles", "roles_until", "roles_by")
"""The keys of `public_metadata` that this service writes."""
IMPORT_MARKER = "akako_import"
"""The key of `private_metadata` that names the import which created a user. Never a source of roles by itself."""
LONGEST_MARKER = 64
NEVER = EPOCH
"""`banned_as_of` of a user whose ban state no snapshot has stated yet."""


class Implausible(Exception):
    """The version of the user's snapshot is in the future and would hide every later change. Nothing was changed.

    Check the clocks of this host, of PostgreSQL and, on Clerk's status page, of Clerk.
    """


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Snapshot:
    """The whole user as of `version`. All text can be stored in PostgreSQL.

    A value that is never changed. It is not frozen, since that doubles the time to make one, and a walk over a million
    users makes two million.
    """

    clerk_id: str
    version: datetime
    """Clerk's `updated_at`, with millisecond precision."""
    email: str | None = None
    """The primary e-mail address, if the body contains it."""
    email_verified: bool | None = None
    """Whether Clerk verified that address; None if unknown, which counts as verified."""
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    image_url: str | None = None
    external_id: str | None = None
    banned: bool = False
    banned_as_of: datetime | None = None
    """The version that stated `banned`; None if it is this snapshot's own version."""
    created_at: datetime | None = None
    claims: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    """What `public_metadata` has of `CLAIM_KEYS`; None if the body does not state it. Never a source of roles."""
    import_marker: str | None = field(default=None, compare=False, repr=False)
    """What `private_metadata` has at `IMPORT_MARKER`."""
    never_signed_in: bool = field(default=False, compare=False, repr=False)
    """Whether the body states that the user has not signed in yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """The user was deleted at `at`."""

    clerk_id: str
    at: datetime
    received_at: datetime | None = field(default=None, compare=False)
    """When we received the deletion; None means now."""


def parse_time(value: object) -> datetime | None:
    """Parse a time from Clerk: milliseconds since 1970, or seconds if below 10^11; None if it is not a valid time."""
    # Nearly every time; up to that year, the fraction of a second is exact to half a microsecond.
    if type(value) is int and FIRST_MILLISECONDS <= value < MILLISECONDS_OF_2109:
        return datetime.fromtimestamp(value / 1_000, UTC)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    milliseconds = value if abs(value) >= FIRST_MILLISECONDS else value * 1_000
    if not 0 <= milliseconds <= LAST_MILLISECONDS:
        return None
    seconds, rest = divmod(math.floor(milliseconds), 1_000)
    return EPOCH + timedelta(0, seconds, rest * 1_000)


def snapshot(data: dict[str, Any]) -> Snapshot | None:
    """Parse the user object of an event's `data` or a Backend API response; None without an id or a version."""
    clerk_id, version = identifier(data.get("id")), parse_time(data.get("updated_at"))
    if clerk_id is None or version is None:
        return None
    return snapshot_at(data, clerk_id, version)


def snapshot_at(data: dict[str, Any], clerk_id: str, version: datetime) -> Snapshot:
    """Parse a user object whose id and version have already been parsed."""
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
        created_at=parse_time(data.get("created_at")),
        claims=_claims(data),
        import_marker=_import_marker(data),
        never_signed_in=data.get("last_sign_in_at", "") is None,
    )


def _import_marker(data: dict[str, Any]) -> str | None:
    metadata = data.get("private_metadata")
    return whole(metadata.get(IMPORT_MARKER), LONGEST_MARKER) if isinstance(metadata, dict) else None


def _claims(data: dict[str, Any]) -> dict[str, Any] | None:
    if "public_metadata" not in data:
        return None
    metadata = data["public_metadata"]
    return {key: metadata[key] for key in CLAIM_KEYS if key in metadata} if isinstance(metadata, dict) else {}


def stated_ban(data: dict[str, Any]) -> bool | None:
    """Whether the user is banned or deprovisioned, which counts as banned; None if the data does not state it."""
    if data.get("banned") is True or data.get("deprovisioned") is True:
        return True
    return False if data.get("banned") is False else None


def primary_email(data: dict[str, Any]) -> tuple[str | None, bool | None]:
    """The address whose id is `primary_email_address_id`, and whether Clerk verified it; None for what is missing.

    The list may be empty or absent, or may not contain that id.
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
