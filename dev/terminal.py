"""What a terminal may have of what others wrote."""

import re

# What moves the cursor, clears the screen or turns the order of letters round: a person's name may hold any of it.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """Text as a terminal may have it: what would command it is written out, as JSON writes it; lines and tabs stay."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
