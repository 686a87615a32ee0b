"""Erases the bodies of old processed events, so that personal data is not stored longer than needed."""

from sqlalchemy import Engine

from db import events
from sync import batches

LONGEST_SECONDS = 10.0
BATCH = 1_000


def erase_bodies(engine: Engine, days: int, batch: int = BATCH) -> int:
    """Erase the bodies of processed events older than `days` days, `batch` per transaction; returns how many."""
    return batches.repeat(
        engine, lambda connection: events.erase_bodies(connection, days, batch), batch, LONGEST_SECONDS
    )
