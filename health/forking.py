"""Lets a process that has threads fork: no child is made while one of them holds a lock.

A child has the thread that forked and none of the others, but every lock as it was: what another thread was importing,
looking up or counting just then is never finished there, and whoever needs that lock waits for ever. Celery's worker
forks a child whenever it lost one. So each thread of ours that may run beside a fork does its work inside
`without_forks`, where the time-outs of what it asks bound it: a few seconds, ten if a server falls silent in the
middle. Waiting for the next piece of work is done outside.
"""

# A fork takes the locks of those who registered last first: these, which our work needs, have to be there before us.
import concurrent.futures.thread  # noqa: F401
import encodings.idna  # noqa: F401  otherwise imported by the first look-up of a host's name, in whichever thread
import logging  # noqa: F401
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Forks:
    """Work goes on side by side; a fork waits for all that has begun, and what has not begun waits for the fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._working = 0
        self._forking = False
        self._own = threading.local()

    def enter(self) -> None:
        """Begin a piece of work. Who is within one already does not wait: the fork waits for him."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside or not self._forking)
            self._working += 1

    def leave(self) -> None:
        """A piece of work is over."""
        with self._changed:
            self._working -= 1
            self._changed.notify_all()

    @property
    def _inside(self) -> int:
        """How many pieces of work this very thread is within."""
        return getattr(self._own, "depth", 0)

    @contextmanager
    def within(self) -> Iterator[None]:
        """This thread does what was entered."""
        self._own.depth = self._inside + 1
        try:
            yield
        finally:
            self._own.depth -= 1
            self.leave()

    def before(self) -> None:
        """Keep everybody out until the fork is done."""
        with self._changed:
            self._changed.wait_for(lambda: not self._forking)
            self._forking = True
            self._changed.wait_for(lambda: self._working <= self._inside)

    def after_in_parent(self) -> None:
        """Let them in again."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_in_child(self) -> None:
        """The child is alone."""
        self._changed = threading.Condition(threading.Lock())
        self._working, self._forking = self._inside, False


_forks = _Forks()
os.register_at_fork(before=_forks.before, after_in_parent=_forks.after_in_parent, after_in_child=_forks.after_in_child)


@contextmanager
def without_forks() -> Iterator[None]:
    """No fork happens inside."""
    _forks.enter()
    with _forks.within():
        yield


def start(work: Callable[[], None]) -> None:
    """Do one piece of work in a thread of its own, and hold off forks from now until it is over.

    Inside `without_forks` too: the caller would otherwise wait for a fork that waits for it. The process does not wait
    for the thread when it ends.
    """

    def run() -> None:
        with _forks.within():
            work()

    _forks.enter()
    threading.Thread(target=run, daemon=True).start()
