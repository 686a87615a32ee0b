"""All users that a search finds, however many there are."""

from collections.abc import Iterator

from sqlalchemy import Engine

from db import user_search
from db.user_search import Entry, Filter

PAGE = 500
"""Users in memory at once."""


def stream(engine: Engine, wanted: Filter, before: int | None = None, size: int = PAGE) -> Iterator[Entry]:
    """The users found, newest first, from below row id `before` on; each page of `size` is a transaction."""
    while True:
        with engine.begin() as connection:
            page = user_search.search(connection, wanted, size, before)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
