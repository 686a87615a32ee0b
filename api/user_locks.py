"""Serialises changes to one user within this process, and limits how many run at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy(Exception):
    """The lock was not released within the timeout."""


class UserLocks:
    """Serialises changes to one user and limits concurrent changes.

    Callers wait here before they take a database connection, so that changes blocked on one locked row cannot exhaust
    the connection pool.
    """

    def __init__(self, max_concurrent: int, seconds: float) -> None:
        self._max_concurrent = max_concurrent
        self._timeout = seconds
        self._released = threading.Condition()
        self._changes = 0
        self._subjects: set[str] = set()

    @contextmanager
    def take(self, *subjects: str) -> Iterator[None]:
        """Hold the locks of these users during the block. Raises Busy."""
        wanted = set(subjects)
        with self._released:
            if not self._released.wait_for(lambda: self._is_free(wanted), self._timeout):
                raise Busy
            self._changes += 1
            self._subjects |= wanted
        try:
            yield
        finally:
            with self._released:
                self._changes -= 1
                self._subjects -= wanted
                self._released.notify_all()

    def _is_free(self, wanted: set[str]) -> bool:
        return self._changes < self._max_concurrent and self._subjects.isdisjoint(wanted)
