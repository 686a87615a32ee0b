"""Erases the bodies of old processed events, so that personal data is not stored longer than needed."""

import time

from sqlalchemy import Engine

from db import events

LONGEST_SECONDS = 10.0
"""A run ends after this time, between two batches; the next run continues."""
BATCH = 1_000


def erase_bodies(engine: Engine, days: int, batch: int = BATCH) -> int:
    """Erase the bodies of processed events older than `days` days, `batch` per transaction; returns how many."""
    deadline, total = time.monotonic() + LONGEST_SECONDS, 0
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            erased = events.erase_bodies(connection, days, batch)
        total += erased
        if erased < batch:
            break
    return total
