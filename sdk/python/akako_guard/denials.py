"""Responses to denied requests: one constant response per status, without a reason."""

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

UNAUTHORIZED = 401
FORBIDDEN = 403
UNAVAILABLE = 503

_WORDS = {UNAUTHORIZED: "Unauthorized", FORBIDDEN: "Forbidden", UNAVAILABLE: "Unavailable"}
_HEADERS = {UNAUTHORIZED: {"WWW-Authenticate": "Bearer"}, FORBIDDEN: {}, UNAVAILABLE: {"Retry-After": "2"}}
_CLOSE_CODES = {UNAUTHORIZED: 4401, FORBIDDEN: 4403, UNAVAILABLE: 1013}


class Denied(HTTPException):
    """The request is denied. An HTTPException, so that it also takes effect without our exception handler."""

    def __init__(self, status: int) -> None:
        super().__init__(status, _WORDS[status], _HEADERS[status])


def response(status: int) -> JSONResponse:
    """The HTTP response for a status; created for each request, since middleware may add headers to it."""
    return JSONResponse({"error": _WORDS[status]}, status, {"Cache-Control": "no-store", **_HEADERS[status]})


async def deny(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the denial: an HTTP response, also to a WebSocket handshake if the server supports it, else a close code."""
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await response(status)(scope, receive, send)
    else:
        # Servers answer a handshake that was not accepted with 403; some servers and test clients show the code.
        await send({"type": "websocket.close", "code": _CLOSE_CODES[status], "reason": _WORDS[status]})


async def answer(_: HTTPConnection, denied: Exception) -> Response:
    """Exception handler for `Denied`: `app.add_exception_handler(Denied, answer)`."""
    return _Denial(denied.status_code if isinstance(denied, Denied) else UNAUTHORIZED)


class _Denial(Response):
    """The denial as a Starlette response, for HTTP and WebSocket."""

    def __init__(self, status: int) -> None:
        super().__init__(status_code=status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the denial."""
        await deny(self.status_code, scope, receive, send)
