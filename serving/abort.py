"""Ends a connection in the middle of an answer, so that the client sees an incomplete transfer."""

from starlette.types import Receive, Scope

ABORT = "akako.abort"
"""The ASGI extension by which our server closes a connection at once: `abort()`."""


async def abort(scope: Scope, receive: Receive) -> bool:
    """Close the connection of a request at once, unsent data included; False if the server does not offer that."""
    offered = scope.get("extensions", {}).get(ABORT)
    if offered is None:
        return False
    offered["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
