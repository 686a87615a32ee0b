"""Aborts a connection in the middle of a response, so that the client sees an incomplete transfer."""

from starlette.types import Receive, Scope

ABORT = "akako.abort"
"""ASGI extension of this server that closes the connection immediately: `abort()`."""


async def abort(scope: Scope, receive: Receive) -> bool:
    """Close a request's connection immediately and drop unsent data; False if the server lacks the extension."""
    extension = scope.get("extensions", {}).get(ABORT)
    if extension is None:
        return False
    extension["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
