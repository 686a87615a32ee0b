"""Writes down that a part lives and when it moved, on a database connection of its own."""

from db import engine, heartbeats
from db.engine import Pooler

STATEMENT_SECONDS = 2.0


class Heartbeat:
    """The heart of one part; of several processes of it, each has one."""

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

    def beat(self, still_seconds: float) -> None:
        """Write down that the part has not moved for so long. Raises what SQLAlchemy raises."""
        with self._engine.begin() as connection:
            heartbeats.note(connection, self._part, still_seconds)

    def close(self) -> None:
        """Give back the connection."""
        self._engine.dispose()
