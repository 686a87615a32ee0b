"""The e-mail addresses of users: added, verified, made primary, replaced, removed. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dev.clerk import identifiers
from dev.clerk.errors import ClerkError, invalid, not_found, taken
from dev.clerk.user import Email, User, touch
from dev.sample_events import new_id

Users = Mapping[str, User]


def created(users: Users, addresses: list[str], statuses: list[Any], now: int) -> tuple[Email, ...]:
    """The addresses of a new user. Raises ClerkError."""
    if statuses and len(statuses) != len(addresses):
        param = "email_address_identification_status"
        raise invalid(param, "form_param_value_invalid", f"{param} needs one item for each e-mail address.")
    if len({address.lower() for address in addresses}) < len(addresses):
        raise invalid("email_address", "form_param_duplicate", "email_address has the same address twice.")
    wanted = statuses or ["verified"] * len(addresses)
    return tuple(_email(users, address, status, now) for address, status in zip(addresses, wanted, strict=True))


def add(users: Users, user: User, address: str, status: str, primary: bool, now: int) -> tuple[User, Email]:
    """The user with one more address. Raises ClerkError."""
    email = _email(users, address, status, now)
    changes: dict[str, Any] = {"email_addresses": (*user.email_addresses, email)}
    if primary or not user.email_addresses:
        changes["primary_email_address_id"] = email.id
    return touch(user, now, **changes), email


def update(users: Users, user: User, email: Email, is_verified: bool, is_primary: bool, now: int) -> User:
    """The user with that address verified, or made the primary one. Raises ClerkError."""
    if is_verified and email.status != "verified":
        others = {each: other for each, other in users.items() if each != user.id}
        _check_free(others, email.email_address)
        email = replace(email, status="verified", updated_at=now)
    listed = tuple(email if each.id == email.id else each for each in user.email_addresses)
    changed = touch(user, now, email_addresses=listed)
    if is_primary:
        changed = replace(changed, primary_email_address_id=verified(changed, email.id).id)
    return changed


def replace_all(users: Users, user: User, address: str, status: str, now: int) -> tuple[User, Email]:
    """The user with this address only. Raises ClerkError."""
    others = {each: other for each, other in users.items() if each != user.id}
    email = _email(others, address, status, now)
    return touch(user, now, email_addresses=(email,), primary_email_address_id=email.id), email


def remove(user: User, email_id: str, now: int) -> User:
    """The user without that address; the primary one is replaced by the first that remains."""
    remaining = tuple(each for each in user.email_addresses if each.id != email_id)
    primary = user.primary_email_address_id
    if primary == email_id:
        primary = remaining[0].id if remaining else None
    return touch(user, now, email_addresses=remaining, primary_email_address_id=primary)


def verified(user: User, email_id: str) -> Email:
    """The verified address of the user. Raises ClerkError."""
    found = next((each for each in user.email_addresses if each.id == email_id), None)
    if found is None:
        raise not_found("email address", email_id)
    if found.status != "verified":
        raise ClerkError(422, "primary_email_address_not_verified", "The primary email address must be verified.")
    return found


def _email(users: Users, address: str, status: str, now: int) -> Email:
    address = identifiers.email(address)
    _check_free(users, address)
    return Email(new_id("idn"), address, status, now, now)


def _check_free(users: Users, address: str) -> None:
    """Raise ClerkError (422) if a user holds the address; an unverified one is not held."""
    held = (each for user in users.values() for each in user.email_addresses if each.status != "unverified")
    if any(each.email_address == address for each in held):
        raise taken("email_address")
