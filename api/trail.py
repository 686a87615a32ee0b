"""The audit trail: a page of it, or all that was asked for as a stream."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from starlette.responses import Response

from api import cursor, export
from api.call import ApiRequest
from api.requests import AuditFormat, AuditQuery
from api.responses import AuditLine, AuditPage
from api.services import Services
from api.stream import Stream
from db import audit
from db.audit import AuditFilter
from roles import trail

BATCH = 200
"""Lines in one piece of a stream."""


def show(services: Services, call: ApiRequest[AuditQuery, None]) -> AuditPage | Response:
    """The audit trail, the newest line first: a page, or everything that was asked for as CSV or JSON lines.

    A stream whose reader loses the role is cut off: the transfer is then incomplete.

    With `after` the oldest line comes first, and only final lines are answered: those that no transaction still open
    can precede. Follow the trail with `after=0`, then with `position` of each answer; no line is missed. A transaction
    that stays open while it writes to the trail delays the lines after it: then `items` is empty, and `position` does
    not move, until it has ended. With CSV and JSON lines the header `X-Audit-Position` is the position to continue at.
    """
    query = call.query
    wanted = AuditFilter(user=query.user, actor=query.actor, action=query.action, since=query.since, until=query.until)
    if query.after is not None:
        return _following(services, wanted, call, query.after)
    if query.format is not AuditFormat.JSON:
        return _stream(trail.stream(services.engine, wanted, reader=call.permission), query.format)
    with services.engine.begin() as connection:
        found = audit.page(connection, wanted, query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("audit", page[-1].id) if len(found) > len(page) else None
    return AuditPage(items=[AuditLine.model_validate(line) for line in page], next=more, position=None)


def _following(
    services: Services, wanted: AuditFilter, call: ApiRequest[AuditQuery, None], after: int
) -> AuditPage | Response:
    query = call.query
    last = max(services.final_order.position().position, after)
    if query.format is not AuditFormat.JSON:
        answer = _stream(trail.following(services.engine, wanted, after, last, call.permission), query.format)
        answer.headers["X-Audit-Position"] = str(last)
        return answer
    with services.engine.begin() as connection:
        found = audit.following(connection, wanted, query.limit + 1, after, last)
    page = found[: query.limit]
    position = page[-1].id if len(found) > len(page) else last
    return AuditPage(items=[AuditLine.model_validate(line) for line in page], next=None, position=position)


def _stream(found: Iterator[audit.AuditEntry], form: AuditFormat) -> Response:
    lines = map(AuditLine.model_validate, found)
    texts = export.csv(lines) if form is AuditFormat.CSV else export.jsonl(lines)
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
