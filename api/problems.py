"""Refusals: one shape, whatever was wrong."""

import structlog
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from access import denials
from access.denials import Denied
from access.refusal import AssignmentUnknown, EndTooSoon, EventUnknown, Refused, UserUnknown
from api.answers import Problem
from api.envelope import request_id
from config import logs
from db import faults

log = structlog.get_logger()

AGAIN_SECONDS = "2"

_STATUSES: dict[type[Refused], int] = {UserUnknown: 404, AssignmentUnknown: 404, EventUnknown: 404, EndTooSoon: 422}
_HTTP = {
    404: ("not_found", "There is nothing at this path. The document at /api/openapi.json has every path."),
    405: ("method_not_allowed", "This path takes other methods; the Allow header names them."),
    413: ("too_large", "The body is larger than API_MAX_BODY_BYTES allows."),
}


class Unusable(Exception):
    """The request cannot be read. `word` is for programs."""

    def __init__(self, status: int, word: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.word = word


class Away(Exception):
    """Something that we need is away. The message says what."""


def response(request: Request, status: int, word: str, message: str, *, assignment_id: int | None = None) -> Response:
    """A refusal."""
    problem = Problem(error=word, message=message, request_id=request_id(request.scope), assignment_id=assignment_id)
    headers = {"Retry-After": AGAIN_SECONDS} if status == 503 else {}
    return JSONResponse(problem.model_dump(mode="json", exclude_none=True), status, headers)


def of(request: Request, error: Exception) -> Response:
    """The answer to whatever an endpoint raised; what is our own fault is logged and not told."""
    match error:
        case Denied():
            return denials.response(error.status_code)
        case Refused():
            other = error.in_the_way.id if error.in_the_way else None
            return response(request, _STATUSES.get(type(error), 409), error.word, str(error), assignment_id=other)
        case ValidationError():
            return response(request, 422, "invalid", _complaint(error))
        case Unusable():
            return response(request, error.status, error.word, str(error))
        case Away():
            return response(request, 503, "unavailable", f"{error} Try again in a moment.")
        case _ if faults.is_away(error):
            log.error("database.away", **logs.fault(error))
            return response(request, 503, "unavailable", "The database cannot be reached. Try again in a moment.")
        case _ if faults.is_lock(error) or faults.is_collision(error):
            log.warning("request.in_the_way", **logs.fault(error))
            return response(
                request, 503, "unavailable", "Somebody is changing the same just now. Try again in a moment."
            )
        case _:
            log.error("request.failed", **logs.fault(error))
            return response(request, 500, "internal", "This is our fault. Tell us the request_id.")


async def handle_http(request: Request, error: Exception) -> Response:
    """The answer where no endpoint was reached."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers if isinstance(error, HTTPException) else None) or {}
    word, message = _HTTP.get(status, ("refused", "The request cannot be answered."))
    answer = response(request, status, word, message)
    answer.headers.update(headers)
    return answer


async def handle_any(request: Request, error: Exception) -> Response:
    """The answer to what nobody caught."""
    return of(request, error)


def _complaint(error: ValidationError) -> str:
    """What is wrong where, without repeating what was sent."""
    faults_found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")]))
        for fault in faults_found[:5]
    )
