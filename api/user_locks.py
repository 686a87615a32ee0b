"""Serialises changes to one user within this process, and limits how many run at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Nobody else's change ended in time."""


class UserLocks:
    """Whoever waits here waits without a database connection.

    Otherwise the changes of one user, whose row somebody keeps locked, would take all connections, and with them
    everybody else's answers.
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._at_once = at_once
        self._seconds = seconds
        self._ended = threading.Condition()
        self._changes = 0
        self._subjects: set[str] = set()

    @contextmanager
    def take(self, *subjects: str) -> Iterator[None]:
        """The only change that locks any of these users, as long as the block runs. Raises Busy."""
        wanted = set(subjects)
        with self._ended:
            if not self._ended.wait_for(lambda: self._is_free(wanted), self._seconds):
                raise Busy
            self._changes += 1
            self._subjects |= wanted
        try:
            yield
        finally:
            with self._ended:
                self._changes -= 1
                self._subjects -= wanted
                self._ended.notify_all()

    def _is_free(self, wanted: set[str]) -> bool:
        return self._changes < self._at_once and self._subjects.isdisjoint(wanted)
