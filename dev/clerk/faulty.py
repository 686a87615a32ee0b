"""Middleware that lets requests below /v1 fail as faults demand."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dev.clerk.errors import ClerkError, rate_limited
from dev.clerk.faults import ANSWERS, Fault, Faults


class Faulty:
    """Answers in place of the application while a fault is set, or sends half of its answer."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        path = scope.get("path", "")
        is_api = scope["type"] == "http" and path.startswith("/v1/")
        fault = self._faults.take(ANSWERS, path) if is_api else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "silent":
            await self._be_silent(scope, receive, send, fault.seconds)
        elif fault.kind == "cut-off":
            await self._app(scope, receive, _half(send))
        else:
            await respond(refusal(fault))(scope, receive, send)

    async def _be_silent(self, scope: Scope, receive: Receive, send: Send, seconds: float | None) -> None:
        """Answer late, or never: then until the client closes the connection."""
        if seconds is None:
            await _gone(receive)
        else:
            await asyncio.sleep(seconds)
            await self._app(scope, receive, send)


def refusal(fault: Fault) -> ClerkError:
    """The error that a fault answers."""
    if fault.kind == "rate-limited":
        return rate_limited(round(fault.seconds or 1))
    if fault.kind == "rate-limited-without-retry-after":
        return rate_limited(None)
    return ClerkError(fault.status, fault.code, "Oops, an unexpected error occurred.")


def respond(error: ClerkError) -> JSONResponse:
    """The error as a response."""
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return JSONResponse(error.body, error.status, headers)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _half(send: Send) -> Send:
    """Send the head with the whole length and half of the body; the server then closes the connection."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return sending
