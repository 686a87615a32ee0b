"""Metadata of a user: merged, replaced, and limited in size."""

import json
from typing import Any

from dev.clerk.errors import invalid

MOST_BYTES = 8_192
FIELDS = ("public_metadata", "private_metadata", "unsafe_metadata")


def merge(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Merge deeply: objects are merged key by key, `null` removes a key, everything else replaces."""
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def check(field: str, value: dict[str, Any]) -> None:
    """Raise ClerkError (422) if the metadata is larger than 8 KB as JSON, or has a number that JSON cannot express."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise invalid(field, "form_param_format_invalid", f"{field} has a number out of range.") from error
    if len(text.encode()) > MOST_BYTES:
        raise invalid(field, "form_param_exceeds_allowed_size", f"{field} exceeds the maximum allowed size of 8 KB.")
