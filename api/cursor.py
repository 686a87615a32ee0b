"""Cursors: where a page ends and the next begins, as a text that only we read."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

_PLACE = re.compile(r"([a-z]+):([1-9][0-9]{0,17})")


def write(kind: str, row_id: int) -> str:
    """The cursor of what lies below a row."""
    return urlsafe_b64encode(f"{kind}:{row_id}".encode()).decode().rstrip("=")


def reader(kind: str) -> Callable[[str], int]:
    """A function from the cursors of this kind to the row; it raises ValueError for anything else."""

    def read(cursor: str) -> int:
        try:
            place = _PLACE.fullmatch(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode())
        except ValueError:
            place = None
        if place is None or place[1] != kind or write(kind, int(place[2])) != cursor:
            raise ValueError("give the `next` of the page before, as it was")
        return int(place[2])

    return read
