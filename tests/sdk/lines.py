"""Captures what the guard logs through `logging`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from akako_guard.log import Line


class Capture(logging.Handler):
    """Keeps the lines of the guard: each event with its values."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert isinstance(record.msg, Line)
        self.lines.append({"event": record.msg.event, **record.msg.fields})


@contextmanager
def captured() -> Iterator[list[dict[str, Any]]]:
    """The lines that the guard logs meanwhile."""
    capture, logger = Capture(), logging.getLogger("akako_guard")
    logger.addHandler(capture)
    try:
        yield capture.lines
    finally:
        logger.removeHandler(capture)
