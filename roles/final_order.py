"""Up to which line the audit trail is final, so that a reader who continues after a position misses nothing."""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Engine

from db import commit_order
from db.commit_order import Writer

PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class FinalPosition:
    """The position up to which no line can appear any more."""

    position: int
    open_writers: frozenset[Writer]
    """The transactions to wait for before a later position is final; empty unless waiting took too long."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A position that is final once these transactions have ended."""

    position: int
    writers: frozenset[Writer]

    def waits_for(self, current: frozenset[Writer]) -> frozenset[Writer]:
        """Those that have not ended; one that was prepared meanwhile is listed under another id, without a process."""
        return frozenset(each for each in current if each in self.writers or (each.pid is None and self.writers))


class FinalOrder:
    """Remembers the last final position and looks for a later one; shared by threads.

    It remembers, because a transaction that stays open for long keeps all later positions from being final.
    """

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds
        self._lock = threading.Lock()
        self._position = 0
        self._candidate: _Candidate | None = None

    def position(self) -> FinalPosition:
        """The last final position: at least the newest line that is visible now, unless that takes too long to know."""
        wanted = self._newest()
        deadline = time.monotonic() + self._seconds
        while True:
            final = self._look()
            if final.position >= wanted or time.monotonic() > deadline:
                return final
            time.sleep(PAUSE_SECONDS)

    def _newest(self) -> int:
        with self._engine.begin() as connection:
            return commit_order.newest(connection)

    def _look(self) -> FinalPosition:
        """Note whether the candidate became final, and propose the next one."""
        with self._lock, self._engine.begin() as connection:
            # The order matters: a transaction that took a lower id and is not listed any more has committed before.
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
