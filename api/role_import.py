"""Endpoint that imports roles from the text of a file: all of its lines, or none."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection

from akako_guard.role import Role
from api.call import ApiRequest
from api.errors import BadRequest
from api.requests import Reason, RequestModel
from api.responses import ResponseModel, UtcDatetime
from api.services import Services
from db import clock
from roles import importing, role_file
from roles.assignments import LEEWAY
from roles.importing import SET, Decision, Outcome, Who
from roles.role_file import Format, InvalidFile, InvalidLine, RoleLine

_LOCK_NAME = "role import"
"""Not a user's id: imports run one at a time, because each of them locks many users."""
_IN_THE_PAST = "`from` is in the past: leave it empty, or an operator imports the line with `akako roles import`"


class ImportRoles(RequestModel):
    """Request to import roles from the text of a file."""

    content: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    """The file: CSV with a header that names `who`, `role` and any of `from`, `until`, `by`, `why`; or JSON lines."""
    reason: Reason
    """Reason, recorded in the audit trail for lines without `why`."""
    format: Format = Format.CSV
    """How the file is written."""
    who: Who = Who.CLERK_ID
    """What the column `who` contains."""
    dry_run: bool = False
    """Return what would become of each line, without changing anything."""


class ImportedLine(ResponseModel):
    """A line of the file and what becomes of it."""

    number: int
    """Line of the file, counted from 1."""
    outcome: Outcome
    """`added`; `present` if the user holds the role during all of that time already; or `refused`."""
    clerk_id: str | None
    """The user; null if the line cannot be read."""
    role: Role | None
    start: UtcDatetime | None
    end: UtcDatetime | None
    why: str
    """Why it was refused; empty otherwise."""


class RolesImported(ResponseModel):
    """Result of an import."""

    written: bool
    """Whether the lines were added. False with `dry_run`, and if a line is refused."""
    added: int
    """Lines that were added, or would be."""
    present: int
    """Lines whose role is held already."""
    refused: int
    """Lines that are refused; while there are any, nothing is written."""
    cause: str
    """The cause of the lines in the audit trail."""
    lines: list[ImportedLine]


class _Undone(Exception):
    """Rolls the transaction back."""


def add(services: Services, call: ApiRequest[None, ImportRoles]) -> RolesImported:
    """Add roles from a file of at most 1,000 lines: all of them, or none if one is refused.

    A role that the user holds during that time already is left as it is, so a file can be imported again. Windows must
    not begin in the past: past decisions of the guard cannot be changed, except by an operator as the owner of the
    tables.
    """
    body = call.body
    author = replace(call.author(body.reason), cause=_cause(body.content))
    decisions: list[Decision] = []
    written = False
    try:
        with services.changing(_LOCK_NAME, call.caller.clerk_id) as connection:
            decisions, _ = importing.add(connection, _read(connection, body), body.who, author)
            written = not body.dry_run and all(each.outcome is not Outcome.REFUSED for each in decisions)
            if not written:
                raise _Undone
    except _Undone:
        pass
    counts = {outcome: sum(each.outcome is outcome for each in decisions) for outcome in Outcome}
    return RolesImported(
        written=written,
        added=counts[Outcome.ADDED],
        present=counts[Outcome.PRESENT],
        refused=counts[Outcome.REFUSED],
        cause=author.cause,
        lines=[ImportedLine.model_validate(each) for each in decisions],
    )


def _read(connection: Connection, body: ImportRoles) -> list[RoleLine | InvalidLine]:
    """The lines of the file. Raises BadRequest."""
    now = clock.now(connection)
    try:
        lines = list(_few(role_file.read(io.StringIO(body.content.removeprefix("\ufeff"), newline=""), body.format)))
    except InvalidFile as error:
        raise BadRequest(422, "invalid", f"content: {error}. Nothing was added.") from error
    return [_from_now_on(line, now) for line in lines]


def _few(lines: Iterable[RoleLine | InvalidLine]) -> Iterator[RoleLine | InvalidLine]:
    for place, line in enumerate(lines):
        if place == SET:
            raise InvalidFile(f"it has more than {SET:,} lines: divide it")
        yield line


def _from_now_on(line: RoleLine | InvalidLine, now: datetime) -> RoleLine | InvalidLine:
    """The line, if it does not begin in the past: one that begins just now has no start."""
    if isinstance(line, InvalidLine) or line.start is None or line.start > now:
        return line
    return replace(line, start=None) if line.start > now - LEEWAY else InvalidLine(line.number, _IN_THE_PAST)


def _cause(content: str) -> str:
    return f"import_{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:12]}"
