"""A streamed answer that is cut off when its reader is not permitted to read on."""

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from db.permission import NotPermitted
from serving.abort import abort

log = structlog.get_logger()


class Stream(StreamingResponse):
    """A stream whose source may raise NotPermitted: the connection is then closed, and no end of the answer is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        except NotPermitted:
            log.warning("stream.aborted", reason="not_permitted")
            # Any other server closes the connection of an application that fails.
            if not await abort(scope, receive):
                raise
