"""Streams all users that match a search."""

from collections.abc import Iterator

from sqlalchemy import Engine

from db import user_search
from db.user_search import UserEntry, UserFilter

PAGE = 500
"""Users per page in memory."""


def stream(engine: Engine, selection: UserFilter, before: int | None = None, size: int = PAGE) -> Iterator[UserEntry]:
    """The matching users with row ids below `before`, newest first. Each page of `size` is its own transaction."""
    while True:
        with engine.begin() as connection:
            page = user_search.search(connection, selection, size, before)
        yield from page
        if len(page) < size:
            return
        before = page[-1].id
