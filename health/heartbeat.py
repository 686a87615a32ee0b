"""Writes the heartbeat of worker or scheduler, with the time of its last progress, on a separate connection."""

from akako_guard.database import engine
from akako_guard.database.engine import Pooler
from db import heartbeats

STATEMENT_SECONDS = 2.0


class Heartbeat:
    """Writes the heartbeats of one process."""

    def __init__(self, database_url: str, part: str, pooler: Pooler = "none") -> None:
        self._part = part
        self._engine = engine.connect(
            database_url,
            f"{part} watch",
            pooler=pooler,
            connections=1,
            statement_seconds=STATEMENT_SECONDS,
            lock_seconds=1,
        )

    def beat(self, stalled_seconds: float) -> None:
        """Write a heartbeat; `stalled_seconds` is the time without progress. Raises SQLAlchemy's errors."""
        with self._engine.begin() as connection:
            heartbeats.note(connection, self._part, stalled_seconds)

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()
