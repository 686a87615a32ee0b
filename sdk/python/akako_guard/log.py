"""Log lines with named values, for applications that use `logging` alone and for those that log JSON.

An application that logs with structlog or in JSON finds the values in `record.msg.fields`.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

QUIET_SECONDS = 10.0

Warn: TypeAlias = Callable[..., Any]
"""Logs a warning: takes an event and its named values."""

_logger = logging.getLogger("akako_guard")


@dataclass(frozen=True, slots=True)
class Line:
    """The message of a log record: `noun.past_verb` and its values. As text, `token.refused reason=expired count=1`."""

    event: str
    fields: Mapping[str, object]

    def __str__(self) -> str:
        return " ".join([self.event, *(f"{name}={value}" for name, value in self.fields.items())])


def warning(event: str, **fields: object) -> None:
    """Log a warning through the logger `akako_guard`."""
    _logger.warning(Line(event, fields))


def is_configured() -> bool:
    """Whether the application has configured `logging`. Commands do not, and print what matters themselves."""
    return _logger.hasHandlers()


class RateLimitedLog:
    """At most one line per reason in `QUIET_SECONDS`, with the number of occurrences since the last line.

    Reasons are constants, never text from a client. Thread-safe: each occurrence is counted in exactly one line.
    """

    def __init__(self, event: str, count: Callable[[str], None] = lambda _: None, warn: Warn = warning) -> None:
        self._event = event
        self._count = count
        self._warn = warn
        self._lock = threading.Lock()
        self._unlogged: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    def note(self, reason: str, **fields: str) -> None:
        """Count one occurrence, and log it unless this reason was logged recently."""
        self._count(reason)
        if count := self._due(reason):
            self._warn(self._event, reason=reason, count=count, **fields)

    def close(self) -> None:
        """Log what was counted and not logged yet."""
        with self._lock:
            unlogged, self._unlogged = self._unlogged, Counter()
        for reason, count in unlogged.items():
            self._warn(self._event, reason=reason, count=count)

    def _due(self, reason: str) -> int:
        """The number of occurrences to log now, including this one; 0 if this reason was logged recently."""
        now = time.monotonic()
        with self._lock:
            self._unlogged[reason] += 1
            if now - self._logged.get(reason, -QUIET_SECONDS) < QUIET_SECONDS:
                return 0
            self._logged[reason] = now
            return self._unlogged.pop(reason)
