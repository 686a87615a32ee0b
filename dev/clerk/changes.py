"""What requests do to users. Pure: values in, a new value out, or a ClerkError."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dev.clerk import emails, identifiers, metadata, passwords
from dev.clerk.errors import invalid, taken
from dev.clerk.requests import CreateUser, UpdateUser, UserFields, UserMetadata
from dev.clerk.user import Password, User, touch
from dev.sample_events import new_id

Users = Mapping[str, User]

LEAST_PASSWORD = 8
COMMON_PASSWORDS = frozenset({"password", "password1", "12345678", "123456789", "qwertyuiop", "iloveyou1"})
_COPIED = (
    *("first_name", "last_name", "locale", "delete_self_enabled", "create_organization_enabled"),
    *("create_organizations_limit", "bypass_client_trust"),
)


def create(users: Users, body: CreateUser, now: int) -> User:
    """A new user. Raises ClerkError."""
    if not (body.email_address or body.username or body.skip_user_requirement):
        raise invalid("email_address", "form_data_missing", "The following fields are required: email_address.")
    addresses = emails.created(users, body.email_address, body.email_address_identification_status, now)
    for field in metadata.FIELDS:
        metadata.check(field, getattr(body, field))
    user = User(
        id=new_id("user"),
        created_at=now,
        updated_at=now,
        email_addresses=addresses,
        primary_email_address_id=addresses[0].id if addresses else None,
        public_metadata=body.public_metadata,
        private_metadata=body.private_metadata,
        unsafe_metadata=body.unsafe_metadata,
        banned=body.banned is True,
        locked=body.locked is True,
    )
    return replace(user, **_fields(users, user, body, now))


def update(users: Users, user: User, body: UpdateUser, now: int) -> User:
    """The user with the fields of the request changed. Raises ClerkError."""
    changes = _fields(users, user, body, now)
    if body.primary_email_address_id is not None:
        changes["primary_email_address_id"] = emails.verified(user, body.primary_email_address_id).id
    return touch(user, now, **changes)


def merge_metadata(user: User, body: UserMetadata, now: int) -> User:
    """The user with the metadata merged deeply; a field that is not given stays."""
    return _with_metadata(user, {name: metadata.merge(getattr(user, name), new) for name, new in _given(body)}, now)


def replace_metadata(user: User, body: UserMetadata, now: int) -> User:
    """The user with whole fields of metadata replaced."""
    return _with_metadata(user, dict(_given(body)), now)


def _given(body: UserMetadata) -> Iterable[tuple[str, dict[str, Any]]]:
    for name in metadata.FIELDS:
        if (value := getattr(body, name)) is not None:
            yield name, value


def _with_metadata(user: User, changes: dict[str, dict[str, Any]], now: int) -> User:
    for name, value in changes.items():
        metadata.check(name, value)
    return touch(user, now, **changes)


def _fields(users: Users, user: User, body: UserFields, now: int) -> dict[str, Any]:
    """The changes of a creation or an update, as fields of a user."""
    given = body.model_fields_set
    changes = {name: getattr(body, name) for name in _COPIED if getattr(body, name) is not None or _clears(body, name)}
    if "username" in given:
        changes["username"] = _username(users, user, body.username)
    if "external_id" in given:
        changes["external_id"] = _external_id(users, user, body.external_id)
    if (password := _password(body)) is not None:
        changes |= {"password": password, "password_last_updated_at": now}
    if body.totp_secret:
        changes["totp_enabled"] = True
    for name in ("created_at", "legal_accepted_at"):
        if (written := getattr(body, name)) is not None:
            changes[name] = _time(name, written)
    return changes


def _clears(body: UserFields, name: str) -> bool:
    """Whether the request sets a name to null; a null flag leaves it."""
    return name in ("first_name", "last_name", "locale") and name in body.model_fields_set


def _username(users: Users, user: User, name: str | None) -> str | None:
    if not name:
        return None
    name = identifiers.username(name)
    if any(other.username == name for other in users.values() if other.id != user.id):
        raise taken("username")
    return name


def _external_id(users: Users, user: User, external_id: str | None) -> str | None:
    if external_id and any(other.external_id == external_id for other in users.values() if other.id != user.id):
        raise taken("external_id")
    return external_id or None


def _password(body: UserFields) -> Password | None:
    if body.password is not None:
        if not body.skip_password_checks:
            _check_strength(body.password)
        return passwords.hashed(body.password)
    if body.password_digest is None:
        return None
    if body.password_hasher is None:
        raise invalid("password_hasher", "form_param_missing", "password_hasher is missing.")
    password = Password(body.password_hasher, body.password_digest)
    try:
        passwords.check_digest(password)
    except passwords.DigestRefused as refused:
        unknown = body.password_hasher not in passwords.HASHERS
        param = "password_hasher" if unknown else "password_digest"
        raise invalid(param, f"form_{param}_invalid{'' if unknown else '_code'}", f"Invalid: {refused}.") from refused
    return password


def _check_strength(password: str) -> None:
    if len(password) < LEAST_PASSWORD:
        raise invalid("password", "form_password_length_too_short", "Passwords must be 8 characters or more.")
    if password.lower() in COMMON_PASSWORDS:
        raise invalid("password", "form_password_pwned", "Password has been found in an online data breach.")


def _time(param: str, written: str) -> int:
    try:
        return round(datetime.fromisoformat(written).timestamp() * 1_000)
    except ValueError as error:
        raise invalid(param, "form_param_format_invalid", f"{param} must be a time in RFC 3339.") from error
