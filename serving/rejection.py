"""Responses to requests that are refused before they reach an endpoint."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from starlette.responses import JSONResponse

NO_HEADERS: Mapping[str, str] = {}
BODY = b'{"error":"refused"}'


class RejectReason(StrEnum):
    """Why a request was refused before it reached an endpoint; for the log and the metric."""

    NOT_HTTP = "not_http"
    HEAD_TOO_LARGE = "head_too_large"
    HEAD_TOO_SLOW = "head_too_slow"
    BODY_TOO_SLOW = "body_too_slow"
    REQUEST_TOO_LARGE = "request_too_large"
    REQUEST_TOO_SLOW = "request_too_slow"
    ANSWER_NOT_READ = "answer_not_read"
    PIPELINE_TOO_LONG = "pipeline_too_long"
    TOO_MUCH_AT_ONCE = "too_much_at_once"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    NO_SUCH_PATH = "no_such_path"
    WRONG_METHOD = "wrong_method"
    SENDER_LEFT = "sender_left"


def response(status: int) -> JSONResponse:
    """The refusal of a request that was read completely, or whose rest will not be read (408, 413)."""
    return JSONResponse({"error": "refused"}, status, {"Connection": "close"} if status in (408, 413) else None)


def raw(status: int, body: bytes = BODY, headers: Mapping[str, str] = NO_HEADERS) -> bytes:
    """An encoded response to input that was not parsed as a request; the connection closes after it."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-length: {len(body)}",
        "content-type: application/json",
        "connection: close",
        *(f"{name.lower()}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
