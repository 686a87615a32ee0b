"""The audit trail: a page of it, or all that was asked for as a stream."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from starlette.responses import Response

from access import trail
from api import cursor, sheet
from api.answers import Line, Trail
from api.call import Call
from api.desk import Desk
from api.questions import AuditFormat, AuditQuery
from api.stream import Stream
from db import audit
from db.audit import Wanted
from db.permission import Permission

BATCH = 200
"""Lines in one piece of a stream."""


def show(desk: Desk, call: Call[AuditQuery, None]) -> Trail | Response:
    """The audit trail, the newest line first: a page, or everything that was asked for as CSV or JSON lines.

    A stream whose reader loses the role is cut off: the transfer is then incomplete.
    """
    query = call.query
    wanted = Wanted(user=query.user, actor=query.actor, action=query.action, since=query.since, until=query.until)
    if query.format is not AuditFormat.JSON:
        return _stream(desk, wanted, query.format, call.permission)
    with desk.engine.begin() as connection:
        found = audit.page(connection, wanted, query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("audit", page[-1].id) if len(found) > len(page) else None
    return Trail(items=[Line.model_validate(line) for line in page], next=more)


def _stream(desk: Desk, wanted: Wanted, form: AuditFormat, reader: Permission) -> Response:
    lines = map(Line.model_validate, trail.stream(desk.engine, wanted, reader))
    texts = sheet.csv(lines) if form is AuditFormat.CSV else sheet.jsonl(lines)
    # The first line is read before the status is sent: a database that is away is a 503, not an empty answer.
    begun = chain(list(islice(texts, BATCH)), texts)
    return Stream(
        _pieces(begun),
        media_type="text/csv; charset=utf-8" if form is AuditFormat.CSV else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="audit.{form}"'},
    )


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Several lines at a time: each piece crosses from a thread to the event loop."""
    rest = iter(texts)
    while piece := "".join(islice(rest, BATCH)):
        yield piece
