"""An answer that is the same every time."""

from starlette.responses import Response
from starlette.types import Message, Send


class Constant:
    """Made ready once from a response; sending it costs two messages and nothing else."""

    def __init__(self, response: Response) -> None:
        self._start: Message = {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
        self._body: Message = {"type": "http.response.body", "body": response.body}

    async def __call__(self, send: Send) -> None:
        """Answer one request."""
        await send(self._start)
        await send(self._body)
