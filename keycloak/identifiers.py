"""Which e-mail addresses and usernames Clerk accepts."""

import re

RESERVED_DOMAINS = frozenset({"test", "local", "example", "invalid", "localhost"})
"""Top-level domains that Clerk refuses."""
LONGEST_EMAIL = 254
_USERNAME = re.compile(r"[a-zA-Z0-9_-]{4,64}")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[A-Za-z0-9-]+\.)+(?P<top>[A-Za-z][A-Za-z0-9-]+)")


def username(text: str | None) -> str | None:
    """The username, if Clerk accepts it."""
    return text if text and _USERNAME.fullmatch(text) else None


def email(text: str | None) -> str | None:
    """The e-mail address, if Clerk accepts it."""
    found = _EMAIL.fullmatch(text) if text and len(text) <= LONGEST_EMAIL else None
    return None if found is None or found["top"].lower() in RESERVED_DOMAINS else text
