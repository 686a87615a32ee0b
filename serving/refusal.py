"""The one answer to whoever is not Clerk: it says nothing, and the same to everybody."""

from enum import StrEnum
from http import HTTPStatus

from starlette.responses import JSONResponse

BODY = b'{"error":"refused"}'


class Breach(StrEnum):
    """Why a request was refused before anybody looked whether it is a delivery; for our log and counter."""

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
    """The answer of a refused request that was read to its end, or will not be read at all (408, 413)."""
    return JSONResponse({"error": "refused"}, status, {"Connection": "close"} if status in (408, 413) else None)


def raw(status: int) -> bytes:
    """The same answer to what never became a request; the connection closes after it."""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-length: {len(BODY)}\r\n"
        "content-type: application/json\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + BODY
