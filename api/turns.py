"""Whose turn it is to change something: one change of a user at a time, and few in all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """Nobody else's change ended in time."""


class Turns:
    """Whoever waits here waits without a database connection.

    Otherwise the changes of one user, whose row somebody keeps locked, would take all connections, and with them
    everybody else's answers.
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._at_once = at_once
        self._seconds = seconds
        self._ended = threading.Condition()
        self._subjects: set[str] = set()

    @contextmanager
    def take(self, subject: str) -> Iterator[None]:
        """The only change of this user, as long as the block runs. Raises Busy."""
        with self._ended:
            if not self._ended.wait_for(lambda: self._is_free(subject), self._seconds):
                raise Busy
            self._subjects.add(subject)
        try:
            yield
        finally:
            with self._ended:
                self._subjects.remove(subject)
                self._ended.notify_all()

    def _is_free(self, subject: str) -> bool:
        return subject not in self._subjects and len(self._subjects) < self._at_once
