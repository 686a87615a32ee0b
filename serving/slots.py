"""Connection limit of one process, and which connection is closed for a new one when the limit is reached."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Protocol, TypeAlias

PATIENCE_SECONDS = 0.5
"""How long a request head may be incomplete before its connection is closed in preference to an idle one."""


class Connection(Protocol):
    """A connection, which records the queue that it is in."""

    queue: Queue | None


Queue: TypeAlias = OrderedDict[Connection, float]
"""Connections waiting for their clients, oldest first, with the start of the wait (monotonic clock, in seconds)."""


class Slots:
    """Admits every new connection; at the limit, another connection is evicted.

    Once `most` connections are open, each new one evicts the first that exists of:

    1. the connection whose request head has been incomplete longest, if for longer than `PATIENCE_SECONDS`,
    2. the connection that has been idle longest,
    3. the oldest incomplete head or the oldest incomplete body, whichever kind is more frequent.

    So a flood of either kind evicts its own connections, and a request that arrives in one piece is read before it
    can be evicted. A connection whose request is complete and unanswered is never evicted: if there are only such
    connections, the new one is closed.

    All operations take constant time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.heads: Queue = OrderedDict()
        self.idle: Queue = OrderedDict()
        self.bodies: Queue = OrderedDict()
        self._open: set[Connection] = set()

    def enter(self, new: Connection) -> Connection | None:
        """Admit a connection. Returns the connection to close, possibly `new` itself; it no longer counts."""
        victim = None
        if len(self._open) >= self.most:
            victim = self._oldest() or new
            self.leave(victim)
        if victim is not new:
            self._open.add(new)
            self.move(new, self.heads)
        return victim

    def leave(self, connection: Connection) -> None:
        """Remove a connection. Idempotent."""
        self._open.discard(connection)
        self.move(connection, None)

    def move(self, connection: Connection, queue: Queue | None) -> None:
        """Move a connection to the end of a queue, unless it is already in that queue; None makes it not evictable."""
        if connection.queue is queue:
            return
        if connection.queue is not None:
            del connection.queue[connection]
        connection.queue = queue
        if queue is not None:
            queue[connection] = time.monotonic()

    def _oldest(self) -> Connection | None:
        for connection, since in self.heads.items():
            if time.monotonic() - since > PATIENCE_SECONDS:
                return connection
            break
        crowded = max(self.heads, self.bodies, key=len)
        return next((next(iter(queue)) for queue in (self.idle, crowded) if queue), None)
