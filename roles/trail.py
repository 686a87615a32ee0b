"""The whole of the trail that somebody asks for, however long it is."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine

from db import audit, permission
from db.audit import AuditEntry, AuditFilter
from db.permission import Permission

PAGE = 1_000


def stream(
    engine: Engine, wanted: AuditFilter, before: int | None = None, reader: Permission | None = None
) -> Iterator[AuditEntry]:
    """Every such line below line `before`, newest first, a page in memory at a time. Raises NotPermitted.

    The reader is checked once per page, in the page's transaction and after its lines were read, so that no page is
    passed on that was read after the reader lost the role.

    Each page is a transaction of its own, not a cursor in one: a reader that is slow for an hour would keep vacuum
    from the queue's tables for an hour. Nothing is lost by that, as lines are only ever added, above the first page.
    """
    while True:
        with engine.begin() as connection:
            lines = audit.page(connection, wanted, PAGE, before)
            _judge(connection, reader)
        yield from lines
        if len(lines) < PAGE:
            return
        before = lines[-1].id


def following(
    engine: Engine, wanted: AuditFilter, after: int, last: int, reader: Permission | None = None
) -> Iterator[AuditEntry]:
    """Every such line above line `after` up to line `last`, oldest first, a page in memory at a time.

    The reader is checked as in `stream`. Raises NotPermitted.
    """
    while True:
        with engine.begin() as connection:
            lines = audit.following(connection, wanted, PAGE, after, last)
            _judge(connection, reader)
        yield from lines
        if len(lines) < PAGE:
            return
        after = lines[-1].id


def _judge(connection: Connection, reader: Permission | None) -> None:
    if reader is not None:
        permission.check(connection, reader)
