"""Opaque pagination cursors."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_TEXT = re.compile(r"[\x21-\x7e]{1,255}")


def write(kind: str, place: int | str) -> str:
    """The cursor of the rows after this one."""
    return urlsafe_b64encode(f"{kind}:{place}".encode()).decode().rstrip("=")


def reader(kind: str) -> Callable[[str], int]:
    """A function that decodes cursors of this kind to a row id; it raises ValueError for any other text."""
    return lambda cursor: int(_read(kind, cursor, _NUMBER))


def text_reader(kind: str) -> Callable[[str], str]:
    """The same for rows that are identified by text."""
    return lambda cursor: _read(kind, cursor, _TEXT)


def _read(kind: str, cursor: str, form: re.Pattern[str]) -> str:
    try:
        known, _, place = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode().partition(":")
    except (ValueError, AttributeError):
        known = place = ""
    if known != kind or not form.fullmatch(place) or write(kind, place) != cursor:
        raise ValueError("not a valid cursor: use `next` of the previous page unchanged")
    return place
