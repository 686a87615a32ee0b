"""Redacts personal data from a payload by an allowlist of fields."""

from typing import Any

from clerk import json
from clerk.text import storable

HIDDEN = "(hidden)"
LONGEST_ID = 64

_ENVELOPE = frozenset({"type", "object", "timestamp", "instance_id"})
_USER = frozenset(
    {
        "id", "object", "created_at", "updated_at", "banned", "locked", "deleted", "primary_email_address_id",
        "primary_phone_number_id", "primary_web3_wallet_id", "has_image", "password_enabled", "two_factor_enabled",
    }
)  # fmt: skip
_CONTACT = frozenset({"id", "object", "created_at", "updated_at", "reserved"})
_CONTACTS = ("email_addresses", "phone_numbers", "web3_wallets", "external_accounts", "passkeys", "saml_accounts")


def redacted(body: bytes) -> Any:
    """The body's value with everything that could be personal replaced by `HIDDEN`; `HIDDEN` if it is not an object.

    Empty values are shown: they contain no personal data, and often explain why an event could not be interpreted.
    """
    try:
        envelope = json.loads(body)
    except ValueError:
        return HIDDEN
    if not isinstance(envelope, dict):
        return HIDDEN
    data = envelope.get("data")
    shown = _object(envelope, _ENVELOPE)
    return {**shown, "data": _data(data)} if "data" in envelope else shown


def _data(data: object) -> Any:
    if not isinstance(data, dict):
        return _value(data)
    contacts = {name: [_contact(each) for each in data[name]] for name in _CONTACTS if _is_list(data.get(name))}
    return {**_object(data, _USER), **contacts}


def _contact(entry: object) -> Any:
    return _object(entry, _CONTACT) if isinstance(entry, dict) else _value(entry)


def _object(value: dict[str, Any], shown: frozenset[str]) -> dict[str, Any]:
    return {storable(name) or "": _plain(each) if name in shown else _value(each) for name, each in value.items()}


def _value(value: object) -> object:
    return value if value in (None, "", [], {}) else HIDDEN


def _plain(value: object) -> object:
    """A number, or text no longer than an id, so that free text in the place of an id is redacted."""
    if isinstance(value, str) and len(value) <= LONGEST_ID:
        return storable(value)
    return value if isinstance(value, int | float) else _value(value)


def _is_list(value: object) -> bool:
    return isinstance(value, list)
