"""Prepares untrusted text for PostgreSQL, which cannot store NUL or lone surrogates, and for searches."""

import re
import unicodedata

LONGEST = 2_048
REPLACEMENT = "\ufffd"

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: object, longest: int = LONGEST) -> str | None:
    """The text, with U+FFFD for what PostgreSQL cannot store, truncated to `longest` characters; None if not text."""
    if not isinstance(value, str):
        return None
    text = value[:longest]
    # Most text is ASCII, for which this is several times as fast as the expression.
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub(REPLACEMENT, text)


def whole(value: object, longest: int) -> str | None:
    """Like `storable`, but None if the text is too long: a truncated identifier could identify something else."""
    if not isinstance(value, str) or len(value) > longest:
        return None
    # Not by `storable`: a walk over a million users comes here five million times.
    return value if value.isascii() and "\0" not in value else _UNSTORABLE.sub(REPLACEMENT, value)


def search_key(text: str) -> str:
    """The key for case-insensitive search in any language, independent of the database's locale.

    The dotted and dotless i and their capitals are equal, because `I` is the capital of either in some language.
    For ASCII text the key equals `lower(... collate "C")`.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u0131", "i")
    return unicodedata.normalize("NFKC", folded.replace("i\u0307", "i"))
