"""Endpoint for the audit trail: one page, or all matching lines as a stream."""

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
"""Lines per chunk of a stream."""


def show(services: Services, call: ApiRequest[AuditQuery, None]) -> AuditPage | Response:
    """List the audit trail, newest line first: one page as JSON, or all matching lines as CSV or JSON lines.

    A stream is aborted if its reader loses the role; the transfer is then incomplete.

    With `after`, lines are listed oldest first, and only final lines are returned: no open transaction can add a line
    before them. To follow the trail without missing lines, start with `after=0` and continue with `position` of each
    response. A transaction that stays open after it wrote to the trail delays all later lines: until it ends, `items`
    is empty and `position` does not advance. With CSV and JSON lines, the header `X-Audit-Position` is the position to
    continue from.
    """
    query = call.query
    selection = AuditFilter(
        user=query.user,
        actor=query.actor,
        action=query.action,
        cause=query.cause,
        since=query.since,
        until=query.until,
    )
    if query.after is not None:
        return _following(services, selection, call, query.after)
    if query.format is not AuditFormat.JSON:
        return _stream(trail.stream(services.engine, selection, reader=call.permission), query.format)
    with services.engine.begin() as connection:
        found = audit.page(connection, selection, query.limit + 1, query.cursor)
    page = found[: query.limit]
    more = cursor.write("audit", page[-1].id) if len(found) > len(page) else None
    return AuditPage(items=[AuditLine.model_validate(line) for line in page], next=more, position=None)


def _following(
    services: Services, selection: AuditFilter, call: ApiRequest[AuditQuery, None], after: int
) -> AuditPage | Response:
    query = call.query
    last = max(services.final_order.position().position, after)
    if query.format is not AuditFormat.JSON:
        response = _stream(trail.following(services.engine, selection, after, last, call.permission), query.format)
        response.headers["X-Audit-Position"] = str(last)
        return response
    with services.engine.begin() as connection:
        found = audit.following(connection, selection, query.limit + 1, after, last)
    page = found[: query.limit]
    position = page[-1].id if len(found) > len(page) else last
    return AuditPage(items=[AuditLine.model_validate(line) for line in page], next=None, position=position)


def _stream(found: Iterator[audit.AuditEntry], form: AuditFormat) -> Response:
    lines = map(AuditLine.model_validate, found)
    texts = export.csv(lines) if form is AuditFormat.CSV else export.jsonl(lines)
    # Read the first lines before the status is sent, so that an unavailable database causes a 503, not an empty body.
    text = chain(list(islice(texts, BATCH)), texts)
    return Stream(
        _chunks(text),
        media_type="text/csv; charset=utf-8" if form is AuditFormat.CSV else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="audit.{form}"'},
    )


def _chunks(texts: Iterable[str]) -> Iterator[str]:
    """Several lines per chunk, because each chunk is passed from a thread to the event loop."""
    rest = iter(texts)
    while chunk := "".join(islice(rest, BATCH)):
        yield chunk
