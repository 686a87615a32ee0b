"""Streams all audit lines that match a filter."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine

from db import audit, permission
from db.audit import AuditEntry, AuditFilter
from db.permission import Permission

PAGE = 1_000


def stream(
    engine: Engine, selection: AuditFilter, before: int | None = None, reader: Permission | None = None
) -> Iterator[AuditEntry]:
    """All matching lines below line `before`, newest first, with one page in memory. Raises NotPermitted.

    The reader is checked once per page, in the transaction of the page and after its lines were read, so that no page
    is returned that was read after the reader lost the role.

    Each page is its own transaction instead of a cursor in one: a slow reader would otherwise keep vacuum from cleaning
    up other tables. The pages are consistent, because lines are only added, and with higher ids.
    """
    while True:
        with engine.begin() as connection:
            lines = audit.page(connection, selection, PAGE, before)
            _check(connection, reader)
        yield from lines
        if len(lines) < PAGE:
            return
        before = lines[-1].id


def following(
    engine: Engine, selection: AuditFilter, after: int, last: int, reader: Permission | None = None
) -> Iterator[AuditEntry]:
    """All matching lines above line `after` up to line `last`, oldest first, with one page in memory.

    The reader is checked as in `stream`. Raises NotPermitted.
    """
    while True:
        with engine.begin() as connection:
            lines = audit.following(connection, selection, PAGE, after, last)
            _check(connection, reader)
        yield from lines
        if len(lines) < PAGE:
            return
        after = lines[-1].id


def _check(connection: Connection, reader: Permission | None) -> None:
    if reader is not None:
        permission.check(connection, reader)
