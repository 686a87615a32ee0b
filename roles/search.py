"""All users that a search finds, however many there are."""

from collections.abc import Iterator

from sqlalchemy import Engine

from db import user_search
from db.user_search import UserEntry, UserFilter

PAGE = 500
"""Users in memory at once."""


def stream(engine: Engine, wanted: UserFilter, before: int | None = None, size: int = PAGE) -> Iterator[UserEntry]:
    """The users found, newest first, from below row id `before` on; each page of `size` is a transaction."""
    while True:
        with engine.begin() as connection:
            page = user_search.search(connection, wanted, size, before)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
