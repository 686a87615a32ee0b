"""uvicorn's HTTP protocol with added limits on size, duration and number of connections."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.abort import ABORT
from serving.closing import Lingering
from serving.deadline import Deadline
from serving.limits import FREE_BYTES, LARGEST_HEAD_BYTES, MOST_PIPELINED, Limits
from serving.rejection import RejectReason
from serving.slots import Queue

LINGER_SECONDS = 1.0
"""How long an idle connection stays open during shutdown: a request may already be on its way."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Input that is too large, too slow or not HTTP closes it; the reason is counted, but not sent.

    Each request gets at most one response, and nothing follows a response that closes the connection. Refused input
    that follows requests in progress is answered after their responses.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits: Limits = self.app_state["limits"]
        self.queue: Queue | None = None
        """The queue of `Slots` that this connection is in."""
        self._received = 0
        self._held = 0
        self._head = 0
        self._in_head = True
        self._in_body = False
        """Which part of the newest request is being read; both are false between requests."""
        self._unanswered = 0
        """Requests with a complete head that have no complete response yet."""
        self._stopping = False
        self._parser_rejection: tuple[RejectReason, int] | None = None
        self._refusal: bytes | None = None
        """The last response, sent after the responses to earlier requests."""
        self._extensions: dict[str, dict[object, object]] = {ABORT: {"abort": lambda: self.transport.abort()}}
        self._read_deadline = Deadline(self.loop, self._timed_out)
        self._write_deadline = Deadline(self.loop, self._timed_out)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._lingering = Lingering(self.loop, transport, self._close)
        self._read_deadline.set(self._limits.head_seconds, RejectReason.HEAD_TOO_SLOW)
        victim = self._limits.slots.enter(self)
        if isinstance(victim, BoundedProtocol):
            victim.evict()

    def evict(self) -> None:
        """Close this connection, which is waiting for its client, to admit a new one."""
        self._limits.note(RejectReason.TOO_MANY_CONNECTIONS)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release what the connection held."""
        self._limits.slots.leave(self)
        self._lingering.end()
        self._read_deadline.close()
        self._write_deadline.close()
        self._hold(0)
        self._extensions.clear()  # breaks a reference cycle, so that the connection is freed
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse input, and refuse it if it exceeds a limit or is not HTTP."""
        if self._refusal is not None or self._lingering.begun or self.transport.is_closing():
            self._lingering.discard(len(data))
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False
        except httptools.HttpParserError:
            self._refuse(*(self._parser_rejection or (RejectReason.NOT_HTTP, 400)))
            return
        self._received += len(data)
        if self._received > FREE_BYTES:  # up to that size no limit can be exceeded
            self._hold(self._received - FREE_BYTES)
            if rejection := self._limits.exceeded(self._received, in_head=self._in_head):
                self._refuse(*rejection)
                return
        self._update_queue()

    def on_message_begin(self) -> None:
        """A request starts: begin the timeout for its head."""
        super().on_message_begin()
        self._received, self._head, self._in_head = 0, 0, True
        if len(self.pipeline) >= MOST_PIPELINED:
            self._stop_parser(RejectReason.PIPELINE_TOO_LONG, 400)
        self._read_deadline.set(self._limits.head_seconds, RejectReason.HEAD_TOO_SLOW)

    def on_url(self, url: bytes) -> None:
        """Count the URL toward the size of the head."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header toward the size of the head. Headers after the head are trailers, which are ignored."""
        if self._in_head:
            self._count_head(len(name) + len(value) + 4)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: begin the timeout for the rest of the request."""
        super().on_headers_complete()  # raises for an invalid head, which leaves the state "in head"
        self._in_head, self._in_body = False, True
        self._unanswered += 1
        self._read_deadline.set(self._limits.request_seconds, RejectReason.BODY_TOO_SLOW)
        self.cycle.transport = self._lingering  # type: ignore[assignment]
        self.scope["extensions"] = self._extensions
        if self._stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        if self._unanswered:
            self._read_deadline.cancel()
        else:  # the response was complete before the request
            self._read_deadline.set(self.timeout_keep_alive, None)
        super().on_message_complete()

    # Replaces uvicorn's implementation, whose keep-alive timer `_read_deadline` replaces.
    def on_response_complete(self) -> None:
        """The response is complete: release the request's bytes, and start or await the next request."""
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
                self._read_deadline.set(self.timeout_keep_alive, None)

    def shutdown(self) -> None:
        """Close after the current or next response, or after `LINGER_SECONDS` if the connection stays idle."""
        self._stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The client does not read its responses: begin the timeout for that."""
        super().pause_writing()
        self._write_deadline.set(self._limits.request_seconds, RejectReason.ANSWER_NOT_READ)

    def resume_writing(self) -> None:
        """The client reads its responses again."""
        self._write_deadline.cancel()
        super().resume_writing()

    def _count_head(self, size: int) -> None:
        self._head += size
        if self._head > LARGEST_HEAD_BYTES:
            self._stop_parser(RejectReason.HEAD_TOO_LARGE, 431)

    def _stop_parser(self, reason: RejectReason, status: int) -> None:
        """Raise an error inside a parser callback, which makes the parser raise HttpParserError."""
        self._parser_rejection = reason, status
        raise ValueError(reason)

    def _refuse(self, reason: RejectReason, status: int) -> None:
        """Refuse the request that is being read: respond after the requests before it, then close."""
        self._limits.note(reason)
        if self._in_body and self.cycle.response_started:
            self._abandon_body()
            return
        if self._in_body:
            self._discard_request()
        if self._unanswered:
            self._refusal = self._limits.answer(status)
            self._read_deadline.cancel()
            self.flow.pause_reading()
        else:
            self._write_last(self._limits.answer(status))

    def _abandon_body(self) -> None:
        """Close the connection without a refusal: a response to the unfinished request was already started."""
        if self.cycle.response_complete:
            self._close()
        else:
            self.transport.abort()

    def _discard_request(self) -> None:
        """Withdraw the request that is being read from the application, which has not responded yet."""
        self._unanswered -= 1
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _write_last(self, answer: bytes) -> None:
        self.transport.write(answer)
        self._close()

    def _close(self) -> None:
        """Close after the last response, with a lingering close if the client may still be sending."""
        if self._lingering.begun:
            return
        more = self._in_head or self._in_body or self._refusal or self._unanswered > 1 or self.parser.should_upgrade()
        if not more and not self.flow.read_paused:
            self.transport.close()
            return
        self._hold(0)
        self._read_deadline.cancel()
        self.pipeline.clear()
        self.flow.resume_reading()
        self._lingering.begin()
        self._limits.slots.move(self, self._limits.slots.idle)

    def _update_queue(self) -> None:
        """Enter the queue of connections that can be closed for a new one, if this one is waiting for its client."""
        slots = self._limits.slots
        if self._unanswered:
            slots.move(self, slots.bodies if self._in_body and self._unanswered == 1 else None)
        elif self._in_head:
            slots.move(self, slots.heads)

    def _hold(self, size: int) -> None:
        """Set how many bytes of the limit for all connections this connection uses."""
        self._limits.held_bytes += max(0, size) - self._held
        self._held = max(0, size)

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def _timed_out(self, reason: RejectReason | None) -> None:
        if reason is None:  # keep-alive timeout
            self.transport.close()
        elif reason is RejectReason.HEAD_TOO_SLOW or (
            reason is RejectReason.BODY_TOO_SLOW and not self.cycle.response_started
        ):
            self._refuse(reason, 408)
        else:
            self._limits.note(RejectReason.REQUEST_TOO_SLOW if reason is RejectReason.BODY_TOO_SLOW else reason)
            self.transport.abort()
