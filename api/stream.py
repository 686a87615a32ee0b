"""A streamed response that is aborted when its reader loses the permission."""

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from db.permission import NotPermitted
from serving.abort import abort

log = structlog.get_logger()


class Stream(StreamingResponse):
    """A stream whose source may raise NotPermitted. The connection is then closed without the end of the response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        except NotPermitted:
            log.warning("stream.aborted", reason="not_permitted")
            # Other servers close the connection when the application raises.
            if not await abort(scope, receive):
                raise
