"""Text from outside: made fit for PostgreSQL, which holds neither NUL nor a lone surrogate, and for searches."""

import re
import unicodedata

LONGEST = 2_048
REPLACEMENT = "\ufffd"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: object, longest: int = LONGEST) -> str | None:
    """The text with U+FFFD in place of what PostgreSQL cannot hold, cut to `longest` characters; None if it is none."""
    if not isinstance(value, str):
        return None
    return _UNSTORABLE.sub(REPLACEMENT, value[:longest])


def whole(value: object, longest: int) -> str | None:
    """The same for an identifier, which is never cut: None if it is longer, since its beginning identifies another."""
    return storable(value, longest) if isinstance(value, str) and len(value) <= longest else None


def search_key(text: str) -> str:
    """The text as searches compare it: case-insensitive in every language, independent of the database's locale.

    The four letters i (dotted, dotless, and their capitals) are one, because `I` is the capital of either in some
    language. For ASCII text this is `lower(... collate "C")`.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u0131", "i")
    return unicodedata.normalize("NFKC", folded.replace("i\u0307", "i"))
