"""Validates reasons, notes and operator names for the audit trail, for the API and the commands.

Each function returns the text to store, or raises ValueError with a message that says what is allowed.
"""

import re

LONGEST_REASON = 1_000
LONGEST_NOTES = 4_000
LONGEST_NAME = 200

_CONTROL = "\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NOT_IN_REASONS = re.compile(f"[{_CONTROL}]")
_NOT_IN_NAMES = re.compile(f"[{_CONTROL}{_BIDIRECTIONAL}]")

_ALLOWED = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*"
REASON_PATTERN = rf"^{_ALLOWED}[^\s\u0000-\u001f\u007f-\u009f]{_ALLOWED}$"
"""The rule for reasons as a pattern for JSON Schema, which cannot trim."""


def reason(text: str) -> str:
    """A reason, without surrounding white space."""
    text = text.strip()
    if not text:
        raise ValueError("give a reason; it is recorded in the audit trail")
    if len(text) > LONGEST_REASON:
        raise ValueError(f"give a reason of at most {LONGEST_REASON:,} characters")
    if _NOT_IN_REASONS.search(text):
        raise ValueError("give a reason without line breaks and other control characters")
    return text


def notes(text: str) -> str:
    """Notes for admins; may be empty, and may have several lines."""
    if len(text) > LONGEST_NOTES:
        raise ValueError(f"give notes of at most {LONGEST_NOTES:,} characters")
    return text


def operator(name: str) -> str:
    """The name of an operator, without surrounding white space."""
    name = name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"give a name of 1 to {LONGEST_NAME} characters")
    if _NOT_IN_NAMES.search(name):
        raise ValueError("give a name without control characters and bidirectional formatting characters")
    return name
