"""Determines up to which line the audit trail is final, so that readers can continue after a position without gaps."""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Engine

from db import commit_order
from db.commit_order import Writer

PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class FinalPosition:
    """The position up to which no line can be added any more."""

    position: int
    open_writers: frozenset[Writer]
    """The transactions that prevent a later position from being final; empty unless the timeout was exceeded."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A position that becomes final when these transactions have ended."""

    position: int
    writers: frozenset[Writer]

    def waits_for(self, current: frozenset[Writer]) -> frozenset[Writer]:
        """Those that have not ended. A transaction that was prepared in the meantime has another id and no process."""
        return frozenset(each for each in current if each in self.writers or (each.pid is None and self.writers))


class FinalOrder:
    """Tracks the last final position. Thread-safe.

    The position is remembered, because a long transaction prevents all later positions from being final.
    """

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._timeout = seconds
        self._lock = threading.Lock()
        self._position = 0
        self._candidate: _Candidate | None = None

    def position(self) -> FinalPosition:
        """The last final position: at least the newest line that is visible now, unless the timeout is exceeded."""
        newest = self._newest()
        deadline = time.monotonic() + self._timeout
        while True:
            final = self._advance()
            if final.position >= newest or time.monotonic() > deadline:
                return final
            time.sleep(PAUSE_SECONDS)

    def _newest(self) -> int:
        with self._engine.begin() as connection:
            return commit_order.newest(connection)

    def _advance(self) -> FinalPosition:
        """Check whether the candidate became final, and select the next candidate."""
        with self._lock, self._engine.begin() as connection:
            # The order matters: a transaction with a lower id that is no longer listed ended before this statement.
            newest = commit_order.newest(connection)
            current = commit_order.writers(connection)
            open_writers = self._candidate.waits_for(current) if self._candidate else frozenset()
            if self._candidate and not open_writers:
                self._position, self._candidate = self._candidate.position, None
            if not current:
                self._position = newest
            elif self._candidate is None and newest > self._position:
                self._candidate = _Candidate(newest, current)
                open_writers = current
            return FinalPosition(self._position, frozenset() if self._position >= newest else open_writers)
