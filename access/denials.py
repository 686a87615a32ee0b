"""How a request is turned away: one constant answer a status, which says nothing about why."""

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
    """The request may not go on. An HTTPException, so that it is a refusal even where nobody handles it as ours."""

    def __init__(self, status: int) -> None:
        super().__init__(status, _WORDS[status], _HEADERS[status])


def response(status: int) -> JSONResponse:
    """The answer of a status over HTTP; a new one each time, since others may add headers to it."""
    return JSONResponse({"error": _WORDS[status]}, status, {"Cache-Control": "no-store", **_HEADERS[status]})


async def turn_away(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer of a status, over HTTP or in place of a WebSocket."""
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await response(status)(scope, receive, send)
    else:
        # The server answers an unaccepted handshake with 403; the code is for servers and tests that show it.
        await send({"type": "websocket.close", "code": _CLOSE_CODES[status], "reason": _WORDS[status]})


async def answer(_: HTTPConnection, denied: Exception) -> Response:
    """The exception handler of `Denied`: `app.add_exception_handler(Denied, answer)`."""
    return _Answer(denied.status_code if isinstance(denied, Denied) else UNAUTHORIZED)


class _Answer(Response):
    """The answer of a status as a response, whatever the connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status_code=status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await turn_away(self.status_code, scope, receive, send)
