"""Escapes control characters in untrusted text before it is printed on a terminal."""

import re

# Characters that move the cursor, clear the screen or change the writing direction; names of users may contain them.
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """The text with control characters escaped as in JSON, except line breaks and tabs."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
