"""What strangers may take of this process, all together and each, and how much they have taken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from config.settings import ListeningSettings
from serving import open_files, rejection
from serving.rejection import RejectReason
from serving.slots import Slots

LARGEST_HEAD_BYTES = 32_768
LARGEST_READ_BYTES = 262_144
"""What the event loop hands over at once at most: less than this past a limit is not noticed."""
FREE_BYTES = 65_536
"""Of one request, that do not count against what all requests may take: an ordinary one is far smaller."""
MOST_PIPELINED = 8


class ServerState(TypedDict):
    """What an application hands to the server's connections, through its lifespan."""

    limits: "Limits"


@dataclass(slots=True)
class Limits:
    """The bounds of one process. Given to its connections, which count in it what they hold."""

    slots: Slots
    """Of the connections."""
    head_seconds: float
    request_seconds: float
    """For what follows the head."""
    request_bytes: int
    """Of one request with all its framing: a chunked body may carry far more framing, and trailers, than body."""
    total_bytes: int
    """Of all requests that are being read, beyond `FREE_BYTES` of each."""
    note: Callable[[str], None]
    """Called with the reason of each refusal."""
    answer: Callable[[int], bytes]
    """The whole answer, of a status, to what never became a request; the connection closes after it."""
    held_bytes: int = 0

    def too_much(self, received: int, *, in_head: bool) -> tuple[RejectReason, int] | None:
        """The reason and status with which a request of which so many bytes came is refused, if it is."""
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
    """The bounds of a process whose requests have bodies of so many bytes at most, and so many all together."""
    return Limits(
        slots=Slots(open_files.connections(settings.max_connections)),
        head_seconds=settings.body_timeout_seconds,
        request_seconds=settings.body_timeout_seconds,
        request_bytes=2 * body_bytes + LARGEST_READ_BYTES,
        total_bytes=total_bytes,
        note=note,
        answer=answer,
    )
