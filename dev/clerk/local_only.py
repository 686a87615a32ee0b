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


def is_own_page(headers: Headers) -> bool:
    """Whether a page of this server sent the request: by `Sec-Fetch-Site`, or where it is absent, by `Origin`."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin", "")
    return origin.partition("://")[2] == headers.get("host") and bool(origin)


class LocalOnly:
    """Refuses a request under another host name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and not is_own_name(Headers(scope=scope).get("host", "")):
            refused = PlainTextResponse("Use http://127.0.0.1 or http://localhost.\n", 421)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
