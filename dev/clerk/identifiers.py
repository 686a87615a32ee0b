"""The rules for e-mail addresses and usernames."""

import re

from dev.clerk.errors import ClerkError, invalid

RESERVED_TLDS = frozenset({"test", "local", "example", "invalid", "localhost"})
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@([A-Za-z0-9-]+\.)+([A-Za-z][A-Za-z0-9-]+)")
_USERNAME = re.compile(r"[a-zA-Z0-9_-]+")


def email(address: str, param: str = "email_address") -> str:
    """The address in lower case. Raises ClerkError (422) if it is malformed or its domain cannot receive mail."""
    found = _EMAIL.fullmatch(address)
    if found is None or len(address) > 254 or found[2].lower() in RESERVED_TLDS:
        raise invalid(param, "form_param_format_invalid", f"{param} must be a valid email address.")
    return address.lower()


def username(name: str) -> str:
    """The username in lower case. Raises ClerkError (422) for a wrong length or character."""
    if not _USERNAME.fullmatch(name):
        raise _refused("invalid_character", "can only contain letters, numbers and '_' or '-'")
    if not 4 <= len(name) <= 64:
        raise _refused("invalid_length", "must be between 4 and 64 characters long")
    return name.lower()


def _refused(code: str, rule: str) -> ClerkError:
    return invalid("username", f"form_username_{code}", f"Username {rule}.")
