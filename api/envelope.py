"""What every answer carries, whoever made it: the request's id, and headers that keep browsers careful."""

import secrets
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics

ID = "X-Request-Id"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def new_id() -> str:
    """A request's id, of our own making."""
    return f"req_{secrets.token_hex(12)}"


def request_id(scope: Scope) -> str:
    """The id of this request, of our own making: it stands in the trail, where a stranger's words have no place."""
    given: str = scope["akako.request_id"]
    return given


class Envelope:
    """Gives each request an id, in the scope, in the log and in the answer, and adds the headers that are missing.

    Around the whole application, not a middleware in it: Starlette answers what nobody caught outside of those.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        name = scope["akako.request_id"] = new_id()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.note_answer(scope["method"], message["status"], time.monotonic() - begun)
                headers = MutableHeaders(scope=message)
                headers[ID] = name
                for header, value in HEADERS.items():
                    headers.setdefault(header, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            await self._app(scope, receive, send_with_headers)
