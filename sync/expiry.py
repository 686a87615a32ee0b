"""Writes down which roles have ended. They stopped counting at their end; this only closes the books."""

import time

from sqlalchemy import Engine

from db import audit, roles

LONGEST_SECONDS = 30.0
"""A run ends then, between two batches; the next run goes on."""


def expire(engine: Engine, batch: int) -> int:
    """Close the assignments whose end has passed, `batch` a transaction; how many."""
    deadline, total = time.monotonic() + LONGEST_SECONDS, 0
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            audit.set_actor(connection, "calendar")
            closed = roles.expire(connection, batch)
        total += closed
        if closed < batch:
            break
    return total
