"""The whole of the trail that somebody asks for, however long it is."""

from collections.abc import Iterator

from sqlalchemy import Engine

from db import audit
from db.audit import Line, Wanted

PAGE = 1_000


def stream(engine: Engine, wanted: Wanted, before: int | None = None) -> Iterator[Line]:
    """Every such line below line `before`, newest first, a page in memory at a time.

    Each page is a transaction of its own, not a cursor in one: a reader that is slow for an hour would keep vacuum
    from the queue's tables for an hour. Nothing is lost by that, as lines are only ever added, above the first page.
    """
    while True:
        with engine.begin() as connection:
            lines = audit.page(connection, wanted, PAGE, before)
        yield from lines
        if len(lines) < PAGE:
            return
        before = lines[-1].id


def following(engine: Engine, wanted: Wanted, after: int, last: int) -> Iterator[Line]:
    """Every such line above line `after` up to line `last`, oldest first, a page in memory at a time."""
    while True:
        with engine.begin() as connection:
            lines = audit.following(connection, wanted, PAGE, after, last)
        yield from lines
        if len(lines) < PAGE:
            return
        after = lines[-1].id
