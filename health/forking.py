"""Makes `fork` safe in a process with threads: no child is forked while one of them may hold a lock.

A child has only the thread that forked, but a copy of every lock: a lock that another thread held at that moment, for
an import, a name lookup or a counter, is never released in the child, and blocks it forever. Celery's worker forks a
child whenever it has lost one. Therefore each of our threads that may run during a fork does its work inside
`without_forks`, bounded by the timeouts of its calls: a few seconds, ten if a server stops responding in the middle.
Waiting for the next piece of work happens outside.
"""

# Handlers registered last run first before a fork: these modules, which our work needs, must register before this one.
import concurrent.futures.thread  # noqa: F401
import encodings.idna  # noqa: F401  otherwise imported by the first lookup of a host name, in any thread
import logging  # noqa: F401
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Forks:
    """Lets work run concurrently; a fork waits for all work that has begun, and new work waits for the fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._working = 0
        self._forking = False
        self._own = threading.local()

    def enter(self) -> None:
        """Begin a piece of work. A thread that is already inside one does not wait, since the fork waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside or not self._forking)
            self._working += 1

    def leave(self) -> None:
        """End a piece of work."""
        with self._changed:
            self._working -= 1
            self._changed.notify_all()

    @property
    def _inside(self) -> int:
        """The number of nested pieces of work of the current thread."""
        return getattr(self._own, "depth", 0)

    @contextmanager
    def within(self) -> Iterator[None]:
        """Run a piece of work, which was entered before, in the current thread."""
        self._own.depth = self._inside + 1
        try:
            yield
        finally:
            self._own.depth -= 1
            self.leave()

    def before(self) -> None:
        """Block new work until the fork is done, and wait for the work that has begun."""
        with self._changed:
            self._changed.wait_for(lambda: not self._forking)
            self._forking = True
            self._changed.wait_for(lambda: self._working <= self._inside)

    def after_in_parent(self) -> None:
        """Allow new work again."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_in_child(self) -> None:
        """Reset the state, since the child has only one thread."""
        self._changed = threading.Condition(threading.Lock())
        self._working, self._forking = self._inside, False


_forks = _Forks()
os.register_at_fork(before=_forks.before, after_in_parent=_forks.after_in_parent, after_in_child=_forks.after_in_child)


@contextmanager
def without_forks() -> Iterator[None]:
    """Hold off forks during the block."""
    _forks.enter()
    with _forks.within():
        yield


def start(work: Callable[[], None]) -> None:
    """Run one piece of work in a new thread, and hold off forks from now until it ends.

    May be called inside `without_forks`: the work is entered here, since the thread could otherwise wait for a fork
    that waits for the caller. The process does not wait for the thread at exit.
    """

    def run() -> None:
        with _forks.within():
            work()

    _forks.enter()
    threading.Thread(target=run, daemon=True).start()
