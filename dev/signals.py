"""Ctrl-C, SIGTERM and SIGHUP, all as one KeyboardInterrupt that comes once and never between a child and its name."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Attention:
    holds = 0
    called = False


@contextmanager
def heard() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first of the signals; the clearing up that follows is not interrupted again."""
    before = [signal.signal(each, _hear) for each in SIGNALS]
    _Attention.called = False
    try:
        yield
    finally:
        for each, handler in zip(SIGNALS, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def held() -> Iterator[None]:
    """Put the interruption off until the block is left: what it starts must not be lost."""
    _Attention.holds += 1
    try:
        yield
    finally:
        _Attention.holds -= 1
        if _Attention.called and not _Attention.holds:
            _Attention.called = False
            raise KeyboardInterrupt


def _hear(_signal: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if _Attention.holds:
        _Attention.called = True
    else:
        raise KeyboardInterrupt
