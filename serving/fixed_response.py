"""An answer that is the same every time."""

from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Scope, Send

WHOLE = "akako.whole_answer"
"""The ASGI extension by which our server takes a whole answer at once: `answer(scope, whole)` says if it did."""


class FixedResponse:
    """Made ready once from a response. Where the server offers it, one write; else the two messages of ASGI."""

    def __init__(self, response: Response) -> None:
        status, headers, body = response.status_code, response.raw_headers, bytes(response.body)
        self._start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        self._body: Message = {"type": "http.response.body", "body": body}
        self._closes = b"connection" in dict(headers)
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self._whole = b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), head, body)

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer one request."""
        offered: Any = None if self._closes else scope.get("extensions", {}).get(WHOLE)
        if not (offered and offered["answer"](scope, self._whole)):
            await send(self._start)
            await send(self._body)
