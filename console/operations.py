"""Calls operations of the API within the process: the same functions, authorization and audit of refusals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from akako_guard.denials import Denied
from api import errors
from api.call import Parameters
from api.operation import BoundOperation
from api.operations import OPERATIONS
from api.responses import ResponseModel
from api.services import Services
from console import zones


class Refused(Exception):
    """The API refused the request. The message says why and what to do next; pages show it."""

    def __init__(self, status: int, word: str, message: str, assignment_id: int | None) -> None:
        super().__init__(message)
        self.status = status
        self.word = word
        """The API's error code."""
        self.assignment_id = assignment_id
        """The conflicting assignment, if the API named one."""


class Stopped(Exception):
    """No page can be shown to this caller: without a session (401), without the role (403), or now (500, 503)."""

    def __init__(self, status: int, message: str, note: BackgroundTask | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.note = note
        """Records the refusal in the audit trail, after the response was sent."""


class Operations:
    """The operations of the API, by name."""

    def __init__(self, services: Services) -> None:
        self._bound = {each.name: BoundOperation(each, services) for each in OPERATIONS}

    async def call(
        self,
        request: Request,
        name: str,
        path: Mapping[str, Any],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
    ) -> ResponseModel | Response:
        """Call an operation for the caller of a request.

        A query parameter with the value None is omitted; a time, in `query` or `body`, is written as the API reads it.
        Raises Refused or Stopped.
        """
        bound = self._bound[name]
        pairs = [(key, _text(value)) for key, value in query.items() if value is not None]
        raw = b"" if body is None else orjson.dumps(body, default=_text, option=orjson.OPT_PASSTHROUGH_DATETIME)
        try:
            return await bound.perform(request, Parameters(path, pairs, raw), lambda result: result)
        except Exception as error:
            raise _failure(request, error, bound) from error


def _failure(request: Request, error: Exception, bound: BoundOperation) -> Refused | Stopped:
    response = errors.to_response(request, error)
    status = response.status_code
    problem = orjson.loads(response.body)
    message = problem.get("message", "")
    if status in (401, 403) or isinstance(error, Denied):
        return Stopped(status, message, bound.refusal_note(request) if status == 403 else None)
    if status >= 500:
        return Stopped(status, message)
    return Refused(status, problem["error"], message, problem.get("assignment_id"))


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return zones.instant(value)
        case _:
            return str(value)
