"""Closes a connection so that its peer can read the last answer even while it sends (RFC 9112, section 9.6)."""

import asyncio
from collections.abc import Callable

LINGER_SECONDS = 2.0
LINGER_BYTES = 8_388_608
"""What is read and discarded at most after the last answer."""


class Lingering:
    """A transport as uvicorn's requests use it, and its lingering close.

    To close a socket while unread bytes arrive resets the connection, and the peer may lose the answer: a proxy makes
    502 of it. So only the writing side is closed at first; what still comes is discarded, within bounds, until the
    peer closes too.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, close: Callable[[], None]
    ) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
        """Called by uvicorn after the last answer."""
        self.begun = False
        self._loop = loop
        self._transport = transport
        self._discarded = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Close the writing side; the rest when the peer does, or a bound is reached."""
        self.begun = True
        self._transport.write_eof()
        self._timer = self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def discard(self, size: int) -> None:
        """Count what came and is not read."""
        self._discarded += size
        if self.begun and self._discarded > LINGER_BYTES:
            self._transport.close()

    def end(self) -> None:
        """The connection is lost."""
        self.close = self._transport.close  # the other one names the connection, which names this
        if self._timer is not None:
            self._timer.cancel()
