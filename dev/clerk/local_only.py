"""Keeps the instance on this machine: it listens on the loopback only, and answers only to names of it.

The second rule is against DNS rebinding: a page in a browser can let its own host name lead to 127.0.0.1 and would then
reach this server, under that name.
"""

import ipaddress

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SUFFIX = ".localhost"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CONTROL_HEADER = "x-akako-clerk"
CLERKS_PATHS = ("/v1/", "/.well-known/")


class NotLoopback(ValueError):
    """The development Clerk listens on the loopback only: it has no protection against other machines."""


def check_listening(host: str) -> None:
    """Raise NotLoopback unless the host is a name or an address of the loopback interface."""
    try:
        is_local = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_local = host == "localhost"
    if not is_local:
        raise NotLoopback(host)


def is_own_name(host: str) -> bool:
    """Whether a `Host` header names this machine."""
    name = host[: host.rindex(":")] if ":" in host.rpartition("]")[2] else host
    return name.lower() in NAMES or name.lower().endswith(SUFFIX)


def may_change(headers: Headers) -> bool:
    """Whether a request that changes something comes from our own page, or from a program.

    A browser says where a request comes from: in `Sec-Fetch-Site`, or an older one in `Origin`. A program sends a
    header that a page of another origin may not send.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin.partition("://")[2] == headers.get("host")
    return CONTROL_HEADER in headers


class LocalOnly:
    """Refuses a request under another host name, and a change that a page of another origin asks for.

    The Backend API has its key for that, and the Frontend API belongs to pages of other origins.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    headers = Headers(scope=scope)
    if not is_own_name(headers.get("host", "")):
        return PlainTextResponse("Use http://127.0.0.1 or http://localhost.\n", 421)
    is_ours = not scope["path"].startswith(CLERKS_PATHS)
    if is_ours and scope["method"] not in SAFE and not may_change(headers):
        return PlainTextResponse(
            f"Refused: not from the page of this server. Programs send {CONTROL_HEADER}: 1.\n", 403
        )
    return None
