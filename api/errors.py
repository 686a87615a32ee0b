"""Refusals: one shape, whatever was wrong."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from access import denials
from access.denials import Denied
from api import envelope
from api.responses import Problem
from api.user_locks import Busy
from config import logs
from db import faults
from db.event_search import CursorUnknown
from db.permission import NotKnown, NotPermitted
from roles.refusal import AssignmentUnknown, EndTooSoon, StartTooEarly, UserUnknown
from serving import rejection
from serving.rejection import RejectReason
from sync.refusal import EventUnknown, Refused

log = structlog.get_logger()

AGAIN_SECONDS = "2"

# What is left of a body that is too large is not read.
_HEADERS = {413: {"Connection": "close"}, 503: {"Retry-After": AGAIN_SECONDS}}
_STATUSES: dict[type[Refused], int] = {
    UserUnknown: 404,
    AssignmentUnknown: 404,
    EventUnknown: 404,
    EndTooSoon: 422,
    StartTooEarly: 422,
}
_HTTP = {
    400: ("malformed", "This cannot be read as a request of HTTP/1.1."),
    404: ("not_found", "There is nothing at this path. The document at /api/openapi.json has every path."),
    405: ("method_not_allowed", "This path takes other methods; the Allow header names them."),
    408: ("too_slow", "Send the request sooner: BODY_TIMEOUT_SECONDS is for its headers, and again for its body."),
    413: ("too_large", "Send a smaller request: API_MAX_BODY_BYTES is for its body."),
    431: ("head_too_large", "Send fewer or shorter headers."),
}

_IN_THE_WAY = "Somebody is changing the same just now."
_MISFIT = "The database does not fit this version: whoever runs it has to run `akako migrate`."


class BadRequest(Exception):
    """The request cannot be read. `word` is for programs."""

    def __init__(self, status: int, word: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.word = word


class DependencyUnavailable(Exception):
    """Something that we need is away. The message says what."""


def response(request: Request, status: int, word: str, message: str, *, assignment_id: int | None = None) -> Response:
    """A refusal."""
    problem = Problem(
        error=word, message=message, request_id=envelope.request_id(request.scope), assignment_id=assignment_id
    )
    return JSONResponse(problem.model_dump(mode="json", exclude_none=True), status, _HEADERS.get(status))


def to_response(request: Request, error: Exception) -> Response:
    """The answer to whatever an endpoint raised; what is our own fault is logged and not told."""
    match error:
        case Denied():
            return denials.response(error.status_code)
        case NotPermitted():
            return denials.response(denials.UNAUTHORIZED if isinstance(error, NotKnown) else denials.FORBIDDEN)
        case Refused():
            other = error.in_the_way.id if error.in_the_way else None
            return response(request, _STATUSES.get(type(error), 409), error.word, str(error), assignment_id=other)
        case CursorUnknown():
            return response(request, 422, "invalid", f"cursor: {error}")
        case BadRequest():
            return response(request, error.status, error.word, str(error))
        case DependencyUnavailable():
            return _again(request, str(error))
        case _ if isinstance(error, Busy) or faults.is_lock(error) or faults.is_unique_violation(error):
            log.warning("request.in_the_way", **logs.fault(error))
            return _again(request, _IN_THE_WAY)
        case _ if faults.is_busy(error):
            log.warning("database.busy", **logs.fault(error))
            return _again(request, "The database is too busy for this.")
        case _ if remedy := faults.remedy(error):
            log.error("database.unavailable", next_step=remedy, **logs.fault(error))
            return _again(request, _MISFIT if faults.is_schema_mismatch(error) else "The database cannot be used.")
        case _:
            log.error("request.failed", **logs.fault(error))
            return response(request, 500, "internal", "This is our fault. Tell us the request_id.")


def _again(request: Request, why: str) -> Response:
    return response(request, 503, "unavailable", f"{why} Try again in a moment.")


def http_exception_handler(note: Callable[[str], None]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What answers where no endpoint was reached; `note` is told why."""

    async def answer(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        note(RejectReason.WRONG_METHOD if error.status_code == 405 else RejectReason.NO_SUCH_PATH)
        word, message = _HTTP.get(error.status_code, ("refused", "The request cannot be answered."))
        made = response(request, error.status_code, word, message)
        made.headers.update(error.headers or {})
        return made

    return answer


def raw_response(status: int) -> bytes:
    """The whole answer to what never became a request: the same shape, the same headers."""
    word, message = _HTTP[status]
    problem = Problem(error=word, message=message, request_id=envelope.new_id())
    headers = {**envelope.HEADERS, envelope.ID: problem.request_id}
    return rejection.raw(status, problem.model_dump_json(exclude_none=True).encode(), headers)


async def handle_exception(request: Request, error: Exception) -> Response:
    """The answer to what nobody caught."""
    return to_response(request, error)
