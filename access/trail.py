"""The whole of the trail that somebody asks for, however long it is."""

from collections.abc import Iterator

from sqlalchemy import Engine

from db import audit, permission
from db.audit import Line, Wanted
from db.permission import Permission

PAGE = 1_000


def stream(engine: Engine, wanted: Wanted, reader: Permission | None = None) -> Iterator[Line]:
    """Every such line, newest first, a page in memory at a time. Raises NotPermitted.

    The reader is checked once per page, in the page's transaction and after its lines were read, so that no page is
    passed on that was read after the reader lost the role.

    Each page is a transaction of its own, not a cursor in one: a reader that is slow for an hour would keep vacuum
    from the queue's tables for an hour. Nothing is lost by that, as lines are only ever added, above the first page.
    """
    before = None
    while True:
        with engine.begin() as connection:
            lines = audit.page(connection, wanted, PAGE, before)
            if reader is not None:
                permission.judge(connection, reader)
        yield from lines
        if len(lines) < PAGE:
            return
        before = lines[-1].id
