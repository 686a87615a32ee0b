"""Makes text from outside fit for PostgreSQL, which holds neither NUL nor a lone surrogate."""

import re

LONGEST = 2_048
REPLACEMENT = "\ufffd"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: object, longest: int = LONGEST) -> str | None:
    """The text with U+FFFD in place of what PostgreSQL cannot hold, cut to `longest` characters; None if it is none."""
    if not isinstance(value, str):
        return None
    return _UNSTORABLE.sub(REPLACEMENT, value[:longest])
