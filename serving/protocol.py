"""uvicorn's HTTP protocol with the bounds that it lacks: how much, how long and how many at once."""

import asyncio
from typing import Any

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.abort import ABORT
from serving.constant import WHOLE
from serving.deadline import Deadline
from serving.limits import FREE_BYTES, LARGEST_HEAD_BYTES, MOST_PIPELINED, Limits
from serving.refusal import Breach

LINGER_SECONDS = 1.0
"""How long an idle connection is still listened to when it is time to stop: a request may be on its way already."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Whatever is too large, too slow or no HTTP ends it; its reason is counted, never told."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits: Limits = self.app_state["limits"]
        self._received = 0
        self._held = 0
        self._head = 0
        self._in_head = True
        self._leaving = False
        self._breach: tuple[Breach, int] | None = None
        self._extensions: dict[str, dict[object, object]] = {
            WHOLE: {"answer": self._answer},
            ABORT: {"abort": lambda: self.transport.abort()},
        }
        self._coming = Deadline(self.loop, self._late)
        self._going = Deadline(self.loop, self._late)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._coming.set(self._limits.head_seconds, Breach.HEAD_TOO_SLOW)
        if len(self.connections) > self._limits.connections:
            self._limits.note(Breach.TOO_MANY_CONNECTIONS)
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection held."""
        self._coming.end()
        self._going.end()
        self._hold(0)
        self._extensions.clear()  # it names this connection, which names it: nobody would let go of either
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and end the connection if it is too much or no HTTP."""
        if self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(*(self._breach or (Breach.NOT_HTTP, 400)))
            return
        self._received += len(data)
        if self._received > FREE_BYTES:  # below, nothing is too much
            self._hold(self._received - FREE_BYTES)
            if breach := self._limits.too_much(self._received, in_head=self._in_head):
                self._refuse(*breach)

    def on_message_begin(self) -> None:
        """A request begins: its head has to come whole, and soon."""
        super().on_message_begin()
        self._received, self._head, self._in_head = 0, 0, True
        if len(self.pipeline) >= MOST_PIPELINED:
            self._break(Breach.PIPELINE_TOO_LONG, 400)
        self._coming.set(self._limits.head_seconds, Breach.HEAD_TOO_SLOW)

    def on_url(self, url: bytes) -> None:
        """Count it into the head."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count it into the head. What comes after the head is a trailer, which nobody reads."""
        if self._in_head:
            # As `_count`, and `super()` by its name: here both are called for each line of every request.
            self._head += len(name) + len(value) + 4
            if self._head > LARGEST_HEAD_BYTES:
                self._break(Breach.HEAD_TOO_LARGE, 431)
            HttpToolsProtocol.on_header(self, name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; now the rest has to come."""
        self._in_head = False
        self._coming.set(self._limits.request_seconds, Breach.BODY_TOO_SLOW)
        super().on_headers_complete()
        self.scope["extensions"] = self._extensions
        if self._leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._coming.lift()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The request is answered, and nothing of it is held any more."""
        self._hold(0)
        super().on_response_complete()

    def shutdown(self) -> None:
        """It is time to stop: the answer that is due, or the next one, is the last; without any, leave soon."""
        self._leaving = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, self._leave)
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The sender does not read its answers; it has to, and soon."""
        super().pause_writing()
        self._going.set(self._limits.request_seconds, Breach.ANSWER_NOT_READ)

    def resume_writing(self) -> None:
        """The sender reads again."""
        self._going.lift()
        super().resume_writing()

    def _answer(self, scope: Scope, whole: bytes) -> bool:
        """Send a whole answer in one write, which takes half the time of two; false where that would not do."""
        cycle = self.cycle
        usual = cycle.keep_alive and not (cycle.response_started or cycle.disconnected or cycle.flow.write_paused)
        if cycle.scope is not scope or not usual:
            return False
        cycle.response_started = cycle.response_complete = True
        self.transport.write(whole)
        cycle.on_response()
        return True

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > LARGEST_HEAD_BYTES:
            self._break(Breach.HEAD_TOO_LARGE, 431)

    def _break(self, breach: Breach, status: int) -> None:
        """Stop the parser in the middle of what it has; it raises HttpParserError."""
        self._breach = breach, status
        raise ValueError(breach)

    def _refuse(self, breach: Breach, status: int) -> None:
        self._limits.note(breach)
        self.transport.write(self._limits.answer(status))
        self.transport.close()

    def _hold(self, size: int) -> None:
        """Let this connection hold so many bytes of what all connections may."""
        self._limits.held_bytes += max(0, size) - self._held
        self._held = max(0, size)

    def _leave(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _late(self, breach: Breach) -> None:
        if breach is Breach.HEAD_TOO_SLOW or (breach is Breach.BODY_TOO_SLOW and not self.cycle.response_started):
            self._refuse(breach, 408)
        else:
            self._limits.note(Breach.REQUEST_TOO_SLOW if breach is Breach.BODY_TOO_SLOW else breach)
            self.transport.abort()
