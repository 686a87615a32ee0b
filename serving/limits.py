"""Limits on what untrusted clients may use of one process, per connection and in total, and the current usage."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from config.settings import ListeningSettings
from serving import open_files, rejection
from serving.rejection import RejectReason
from serving.slots import Slots

LARGEST_HEAD_BYTES = 32_768
LARGEST_READ_BYTES = 262_144
"""How much the event loop reads at once at most: a limit may be exceeded by up to this before it is noticed."""
FREE_BYTES = 65_536
"""The first bytes of each request, which do not count toward `total_bytes`: an ordinary request is far smaller."""
MOST_PIPELINED = 8


class ServerState(TypedDict):
    """Lifespan state that an application passes to the server's connections."""

    limits: "Limits"


@dataclass(slots=True)
class Limits:
    """The limits of one process. Shared by its connections, which record their usage here."""

    slots: Slots
    """The open connections and their limit."""
    head_seconds: float
    """Timeout for the request head."""
    request_seconds: float
    """Timeout for the rest of the request, and for the client to read its responses."""
    request_bytes: int
    """Limit on one request including framing: a chunked body can have far more framing and trailers than body."""
    total_bytes: int
    """Limit on all requests that are being read, not counting the first `FREE_BYTES` of each."""
    note: Callable[[str], None]
    """Called with the reason of each refused request."""
    answer: Callable[[int], bytes]
    """The encoded response for a status, for input that was not parsed as a request; the connection then closes."""
    held_bytes: int = 0
    """Current usage of `total_bytes`."""

    def exceeded(self, received: int, *, in_head: bool) -> tuple[RejectReason, int] | None:
        """The reason and status for refusing a request of `received` bytes so far; None if within the limits."""
        if in_head and received > LARGEST_HEAD_BYTES + LARGEST_READ_BYTES:
            return RejectReason.HEAD_TOO_LARGE, 431
        if received > self.request_bytes:
            return RejectReason.REQUEST_TOO_LARGE, 413
        if received > FREE_BYTES and self.held_bytes > self.total_bytes:
            return RejectReason.TOO_MUCH_AT_ONCE, 413
        return None


def limits(
    settings: ListeningSettings,
    note: Callable[[str], None],
    *,
    body_bytes: int,
    total_bytes: int,
    answer: Callable[[int], bytes] = rejection.raw,
) -> Limits:
    """The limits of a process that accepts bodies of up to `body_bytes`, and up to `total_bytes` at the same time."""
    return Limits(
        slots=Slots(open_files.connections(settings.max_connections)),
        head_seconds=settings.body_timeout_seconds,
        request_seconds=settings.body_timeout_seconds,
        request_bytes=2 * body_bytes + LARGEST_READ_BYTES,
        total_bytes=total_bytes,
        note=note,
        answer=answer,
    )
