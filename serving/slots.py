"""The connections of one process up to its limit, and which of them is closed for a newcomer once it is reached."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Protocol, TypeAlias

PATIENCE_SECONDS = 0.5
"""How long a head may be incomplete before its connection is closed rather than an idle one."""


class Connection(Protocol):
    """A connection, which remembers the queue that it is in."""

    queue: Queue | None


Queue: TypeAlias = OrderedDict[Connection, float]
"""Connections that wait for their peers, with the time since when: oldest first."""


class Slots:
    """Admits every newcomer; at the limit, another connection has to go.

    Once `most` connections are open, each newcomer closes the first that there is of: the connection whose request
    head has been incomplete longest, if for longer than `PATIENCE_SECONDS`; the one idle longest; of the incomplete
    heads and the incomplete bodies, whichever are more, the oldest. So a flood of either kind closes its own
    connections, and a request that arrives in one piece is read before its turn comes. A connection whose request is
    complete and not answered is never closed: if there are only such, the newcomer is.

    All operations take constant time, however many connections there are.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.heads: Queue = OrderedDict()
        self.idle: Queue = OrderedDict()
        self.bodies: Queue = OrderedDict()
        self._open: set[Connection] = set()

    def enter(self, newcomer: Connection) -> Connection | None:
        """Admit a connection; the one to close for it (perhaps itself), which does not count from now on."""
        victim = None
        if len(self._open) >= self.most:
            victim = self._oldest() or newcomer
            self.leave(victim)
        if victim is not newcomer:
            self._open.add(newcomer)
            self.move(newcomer, self.heads)
        return victim

    def leave(self, connection: Connection) -> None:
        """Count a connection no longer; a second time does nothing."""
        self._open.discard(connection)
        self.move(connection, None)

    def move(self, connection: Connection, queue: Queue | None) -> None:
        """Put an open connection at the end of a queue, if it is not in it already; None: it cannot be closed."""
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
