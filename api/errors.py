"""Maps exceptions to error responses."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from akako_guard import denials
from akako_guard.database import faults
from akako_guard.denials import Denied
from api import envelope
from api.responses import Problem
from api.user_locks import Busy
from config import logs
from db.event_search import CursorUnknown
from db.permission import NotKnown, NotPermitted
from reconcile.drift_inspection import DriftUnknown
from roles.refusal import AssignmentUnknown, EndTooSoon, StartTooEarly, UserUnknown
from serving import rejection
from serving.rejection import RejectReason
from sync.refusal import EventUnknown, Refused

log = structlog.get_logger()

RETRY_AFTER_SECONDS = "2"

# The rest of a body that is too large is not read.
_HEADERS = {413: {"Connection": "close"}, 503: {"Retry-After": RETRY_AFTER_SECONDS}}
_STATUSES: dict[type[Refused], int] = {
    UserUnknown: 404,
    AssignmentUnknown: 404,
    EventUnknown: 404,
    DriftUnknown: 404,
    EndTooSoon: 422,
    StartTooEarly: 422,
}
_HTTP = {
    400: ("malformed", "This is not a valid HTTP/1.1 request. Check the client."),
    404: ("not_found", "Unknown path. /api/openapi.json lists all paths."),
    405: ("method_not_allowed", "This path does not support the method. The Allow header lists the supported methods."),
    408: (
        "too_slow",
        "The request was not received in time. BODY_TIMEOUT_SECONDS limits its headers, and separately its body.",
    ),
    413: ("too_large", "The request is too large. API_MAX_BODY_BYTES limits its body."),
    431: ("head_too_large", "The headers are too large. Send fewer or shorter headers."),
}

_CONCURRENT_CHANGE = "Another change to the same data is in progress, or too many changes are."
_SCHEMA_MISMATCH = "The database schema does not match this version. An operator has to run `akako migrate`."


class BadRequest(Exception):
    """The request is invalid. `word` is the error code."""

    def __init__(self, status: int, word: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.word = word


class DependencyUnavailable(Exception):
    """A dependency is unavailable. The message says which."""


def response(request: Request, status: int, word: str, message: str, *, assignment_id: int | None = None) -> Response:
    """An error response."""
    problem = Problem(
        error=word, message=message, request_id=envelope.request_id(request.scope), assignment_id=assignment_id
    )
    return JSONResponse(problem.model_dump(mode="json", exclude_none=True), status, _HEADERS.get(status))


def to_response(request: Request, error: Exception) -> Response:
    """The response to an exception of an endpoint. Internal errors are logged, not disclosed."""
    match error:
        case Denied():
            return denials.response(error.status_code)
        case NotPermitted():
            return denials.response(denials.UNAUTHORIZED if isinstance(error, NotKnown) else denials.FORBIDDEN)
        case Refused():
            conflicting = error.conflicting.id if error.conflicting else None
            status = _STATUSES.get(type(error), 409)
            return response(request, status, error.word, str(error), assignment_id=conflicting)
        case CursorUnknown():
            return response(request, 422, "invalid", f"cursor: {error}")
        case BadRequest():
            return response(request, error.status, error.word, str(error))
        case DependencyUnavailable():
            return _retry_later(request, str(error))
        case _ if isinstance(error, Busy) or faults.is_lock(error) or faults.is_conflict(error):
            log.warning("request.conflicted", **logs.fault(error))
            return _retry_later(request, _CONCURRENT_CHANGE)
        case _ if faults.is_busy(error):
            log.warning("database.busy", **logs.fault(error))
            return _retry_later(request, "The database is overloaded.")
        case _ if remedy := faults.remedy(error):
            log.error("database.unavailable", next_step=remedy, **logs.fault(error))
            return _retry_later(
                request, _SCHEMA_MISMATCH if faults.is_schema_mismatch(error) else "The database is unavailable."
            )
        case _:
            log.error("request.failed", **logs.fault(error))
            return response(request, 500, "internal", "Internal error. Report the request_id to the operator.")


def _retry_later(request: Request, why: str) -> Response:
    return response(request, 503, "unavailable", f"{why} Try again later.")


def http_exception_handler(note: Callable[[str], None]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """An exception handler for requests that reached no endpoint; it passes the reason to `note`."""

    async def handle(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        note(RejectReason.WRONG_METHOD if error.status_code == 405 else RejectReason.NO_SUCH_PATH)
        word, message = _HTTP.get(error.status_code, ("refused", "The request was rejected."))
        result = response(request, error.status_code, word, message)
        result.headers.update(error.headers or {})
        return result

    return handle


def raw_response(status: int) -> bytes:
    """A complete raw response to input that could not be parsed as a request, with the usual shape and headers."""
    word, message = _HTTP[status]
    problem = Problem(error=word, message=message, request_id=envelope.new_id())
    headers = {**envelope.HEADERS, envelope.ID: problem.request_id}
    return rejection.raw(status, problem.model_dump_json(exclude_none=True).encode(), headers)


async def handle_exception(request: Request, error: Exception) -> Response:
    """The response to an unhandled exception."""
    return to_response(request, error)
