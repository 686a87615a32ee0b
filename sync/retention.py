"""Lets events that are done lose their bodies after a time: what they said of people is not kept longer than needed."""

import time

from sqlalchemy import Engine

from db import events

LONGEST_SECONDS = 10.0
"""A run ends then, between two batches; the next run goes on."""
BATCH = 1_000


def erase_bodies(engine: Engine, days: int, batch: int = BATCH) -> int:
    """Empty the events that are older than so many days, `batch` a transaction; how many."""
    deadline, total = time.monotonic() + LONGEST_SECONDS, 0
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            forgotten = events.erase_bodies(connection, days, batch)
        total += forgotten
        if forgotten < batch:
            break
    return total
