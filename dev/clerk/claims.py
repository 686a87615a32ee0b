"""Custom claims of a session token: a template whose `{{user.public_metadata.roles}}` is filled in."""

import re
from typing import Any

from dev.clerk.user import User

DEFAULT_TEMPLATE = {"roles": "{{user.public_metadata.roles}}"}
_SHORTCODE = re.compile(r"\{\{\s*user\.([\w.]+)\s*\}\}")
_FIELDS = (
    *("id", "username", "first_name", "last_name", "external_id", "created_at", "updated_at", "last_sign_in_at"),
    *("public_metadata", "unsafe_metadata"),
)


def fill(template: Any, user: User) -> Any:
    """The template with the values of the user; a shortcode that is a whole text keeps the type of its value."""
    if isinstance(template, dict):
        return {name: fill(value, user) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, user) for value in template]
    if not isinstance(template, str):
        return template
    if whole := _SHORTCODE.fullmatch(template):
        return _value(user, whole[1])
    return _SHORTCODE.sub(lambda found: _text(_value(user, found[1])), template)


def _value(user: User, path: str) -> Any:
    """The value at a path; None if there is none, or if it is not for tokens."""
    first, *rest = path.split(".")
    value: Any = _first(user, first)
    for name in rest:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _first(user: User, name: str) -> Any:
    if name == "primary_email_address":
        return user.primary_email
    if name == "full_name":
        return " ".join(filter(None, (user.first_name, user.last_name))) or None
    return getattr(user, name) if name in _FIELDS else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)
