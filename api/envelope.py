"""Adds a request id and security headers to every response."""

import secrets
import time
from collections.abc import Mapping

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
    """A new request id."""
    return f"req_{secrets.token_hex(12)}"


def request_id(scope: Scope) -> str:
    """The id of this request. It is never taken from the client, because it is recorded in the audit trail."""
    id_: str = scope["akako.request_id"]
    return id_


class Envelope:
    """Sets a request id in the scope, the log and the response, and adds missing security headers.

    Wraps the whole application instead of being a middleware in it, because Starlette answers unhandled exceptions
    outside of its middleware.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = HEADERS) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        name = scope["akako.request_id"] = new_id()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                metrics.note_answer(scope["method"], message["status"], time.monotonic() - started)
                headers = MutableHeaders(scope=message)
                headers[ID] = name
                for header, value in self._headers.items():
                    headers.setdefault(header, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            await self._app(scope, receive, send_with_headers)
