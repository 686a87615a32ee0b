"""uvicorn's HTTP protocol with the bounds that it lacks: how much, how long and how many at once."""

import asyncio
from typing import Any

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.abort import ABORT
from serving.closing import Lingering
from serving.deadline import Deadline
from serving.fixed_response import WHOLE
from serving.limits import FREE_BYTES, LARGEST_HEAD_BYTES, MOST_PIPELINED, Limits
from serving.rejection import RejectReason
from serving.slots import Queue

LINGER_SECONDS = 1.0
"""How long an idle connection is still listened to when it is time to stop: a request may be on its way already."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Whatever is too large, too slow or no HTTP ends it; its reason is counted, never told.

    Each request gets at most one answer, and nothing follows an answer that closes the connection. Input that is
    refused behind requests that are still in work is answered after them.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limits: Limits = self.app_state["limits"]
        self.queue: Queue | None = None
        """Among `Slots`."""
        self._received = 0
        self._held = 0
        self._head = 0
        self._in_head = True
        self._in_body = False
        """Of the newest request; after its end and before the next one, neither."""
        self._unanswered = 0
        """Requests with a complete head."""
        self._leaving = False
        self._breach: tuple[RejectReason, int] | None = None
        self._refusal: bytes | None = None
        """The last answer, which waits for those before it."""
        self._extensions: dict[str, dict[object, object]] = {
            WHOLE: {"answer": self._answer},
            ABORT: {"abort": lambda: self.transport.abort()},
        }
        self._coming = Deadline(self.loop, self._late)
        self._going = Deadline(self.loop, self._late)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._lingering = Lingering(self.loop, transport, self._close)
        self._coming.set(self._limits.head_seconds, RejectReason.HEAD_TOO_SLOW)
        victim = self._limits.slots.enter(self)
        if isinstance(victim, BoundedProtocol):
            victim.evict()

    def evict(self) -> None:
        """Close this connection, which waits for its sender, in favour of a new one."""
        self._limits.note(RejectReason.TOO_MANY_CONNECTIONS)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back what the connection held."""
        self._limits.slots.leave(self)
        self._lingering.end()
        self._coming.end()
        self._going.end()
        self._hold(0)
        self._extensions.clear()  # it names this connection, which names it: nobody would let go of either
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and end the connection if it is too much or no HTTP."""
        if self._refusal is not None or self._lingering.begun or self.transport.is_closing():
            self._lingering.discard(len(data))
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(*(self._breach or (RejectReason.NOT_HTTP, 400)))
            return
        self._received += len(data)
        if self._received > FREE_BYTES:  # below, nothing is too much
            self._hold(self._received - FREE_BYTES)
            if reason := self._limits.too_much(self._received, in_head=self._in_head):
                self._refuse(*reason)
                return
        self._line_up()

    def on_message_begin(self) -> None:
        """A request begins: its head has to come whole, and soon."""
        super().on_message_begin()
        self._received, self._head, self._in_head = 0, 0, True
        if len(self.pipeline) >= MOST_PIPELINED:
            self._break(RejectReason.PIPELINE_TOO_LONG, 400)
        self._coming.set(self._limits.head_seconds, RejectReason.HEAD_TOO_SLOW)

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
                self._break(RejectReason.HEAD_TOO_LARGE, 431)
            HttpToolsProtocol.on_header(self, name, value)

    def on_headers_complete(self) -> None:
        """The head is whole; now the rest has to come."""
        super().on_headers_complete()  # raises for a head that is none; it is still one then
        self._in_head, self._in_body = False, True
        self._unanswered += 1
        self._coming.set(self._limits.request_seconds, RejectReason.BODY_TOO_SLOW)
        self.cycle.transport = self._lingering  # type: ignore[assignment]
        self.scope["extensions"] = self._extensions
        if self._leaving:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        if self._unanswered:
            self._coming.lift()
        else:  # it was answered before it had come
            self._coming.set(self.timeout_keep_alive, None)
        super().on_message_complete()

    # Instead of uvicorn's, which makes and cancels a timer for each answer.
    def on_response_complete(self) -> None:
        """The request is answered, and nothing of it is held any more: begin the next one, or wait for it."""
        self._hold(0)
        self._unanswered -= 1
        if self._lingering.begun or self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal is not None:
            self._write_last(self._refusal)
        elif self._in_head:
            self._limits.slots.move(self, self._limits.slots.heads)
        else:
            self._limits.slots.move(self, self._limits.slots.idle)
            if not self._in_body:
                self._coming.set(self.timeout_keep_alive, None)

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
        self._going.set(self._limits.request_seconds, RejectReason.ANSWER_NOT_READ)

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
            self._break(RejectReason.HEAD_TOO_LARGE, 431)

    def _break(self, reason: RejectReason, status: int) -> None:
        """Stop the parser in the middle of what it has; it raises HttpParserError."""
        self._breach = reason, status
        raise ValueError(reason)

    def _refuse(self, reason: RejectReason, status: int) -> None:
        """Answer the request that is being read with a refusal, once those before it are answered, and close."""
        self._limits.note(reason)
        if self._in_body and self.cycle.response_started:
            self._give_up_body()
            return
        if self._in_body:
            self._forget_request()
        if self._unanswered:
            self._refusal = self._limits.answer(status)
            self._coming.lift()
            self.flow.pause_reading()
        else:
            self._write_last(self._limits.answer(status))

    def _give_up_body(self) -> None:
        """Close: the rest of a request is refused that was answered, at least in part, before it had come."""
        if self.cycle.response_complete:
            self._close()
        else:
            self.transport.abort()

    def _forget_request(self) -> None:
        """Take the request that is being read from the application, which has not answered it."""
        self._unanswered -= 1
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _write_last(self, answer: bytes) -> None:
        self.transport.write(answer)
        self._close()

    def _close(self) -> None:
        """Close after the last answer; where more of the sender's is on its way, so that it can still be read."""
        if self._lingering.begun:
            return
        more = self._in_head or self._in_body or self._refusal or self._unanswered > 1 or self.parser.should_upgrade()
        if not more and not self.flow.read_paused:
            self.transport.close()
            return
        self._hold(0)
        self._coming.lift()
        self.pipeline.clear()
        self.flow.resume_reading()
        self._lingering.begin()
        self._limits.slots.move(self, self._limits.slots.idle)

    def _line_up(self) -> None:
        """Take this connection's place among those that may be closed for a newcomer, if it waits for its sender."""
        slots = self._limits.slots
        if self._unanswered:
            slots.move(self, slots.bodies if self._in_body and self._unanswered == 1 else None)
        elif self._in_head:
            slots.move(self, slots.heads)

    def _hold(self, size: int) -> None:
        """Let this connection hold so many bytes of what all connections may."""
        self._limits.held_bytes += max(0, size) - self._held
        self._held = max(0, size)

    def _leave(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _late(self, reason: RejectReason | None) -> None:
        if reason is None:  # idle for long enough
            self.transport.close()
        elif reason is RejectReason.HEAD_TOO_SLOW or (
            reason is RejectReason.BODY_TOO_SLOW and not self.cycle.response_started
        ):
            self._refuse(reason, 408)
        else:
            self._limits.note(RejectReason.REQUEST_TOO_SLOW if reason is RejectReason.BODY_TOO_SLOW else reason)
            self.transport.abort()
