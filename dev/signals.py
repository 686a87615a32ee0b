"""Handles SIGINT, SIGTERM and SIGHUP as one KeyboardInterrupt, never raised between starting and recording a child."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _State:
    deferrals = 0
    pending = False


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first of the signals; further ones do not interrupt the cleanup."""
    before = [signal.signal(each, _handle) for each in SIGNALS]
    _State.pending = False
    try:
        yield
    finally:
        for each, handler in zip(SIGNALS, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Defer the KeyboardInterrupt until the block is left, so that a process started in it is not lost."""
    _State.deferrals += 1
    try:
        yield
    finally:
        _State.deferrals -= 1
        if _State.pending and not _State.deferrals:
            _State.pending = False
            raise KeyboardInterrupt


def _handle(_signal: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if _State.deferrals:
        _State.pending = True
    else:
        raise KeyboardInterrupt
