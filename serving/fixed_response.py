"""Precomputed HTTP responses."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Scope, Send

WHOLE_RESPONSE = "akako.whole_response"
"""ASGI extension of this server that sends a whole response in one write: `send(scope, response)`, true if sent."""


class FixedResponse:
    """A response that is encoded once. Sent in one write if the server supports it, else as two ASGI messages."""

    def __init__(self, response: Response) -> None:
        status, headers, body = response.status_code, response.raw_headers, bytes(response.body)
        self._start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        self._body: Message = {"type": "http.response.body", "body": body}
        self._closes = b"connection" in dict(headers)
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self._encoded = b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), head, body)

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Send the response to one request."""
        extension: Any = None if self._closes else scope.get("extensions", {}).get(WHOLE_RESPONSE)
        if not (extension and extension["send"](scope, self._encoded)):
            await send(self._start)
            await send(self._body)
