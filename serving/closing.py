"""Lingering close: lets the peer read the last response even while it is still sending (RFC 9112, section 9.6)."""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 2.0
LINGER_BYTES = 8_388_608
"""How much is read and discarded at most after the last response."""


class Lingering:
    """Transport wrapper for uvicorn's requests that adds a lingering close.

    Closing a socket while unread bytes arrive resets the connection, and the peer may lose the response: a proxy
    answers 502 instead. So only the write side is closed first; further input is discarded, within limits, until the
    peer closes its side.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, close: Callable[[], None]
    ) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
        """Called by uvicorn after the last response."""
        self.begun = False
        self._loop = loop
        self._transport = transport
        self._discarded = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Close the write side; close the connection when the peer closes or a limit is reached."""
        self.begun = True
        self._transport.write_eof()
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def discard(self, size: int) -> None:
        """Count discarded bytes, and close the connection if they exceed the limit."""
        self._discarded += size
        if self.begun and self._discarded > LINGER_BYTES:
            self._transport.close()

    def end(self) -> None:
        """Release the connection's references and timer after it is lost."""
        self.close = self._transport.close  # breaks the reference cycle with the connection
        if self._timer is not None:
            self._timer.cancel()
