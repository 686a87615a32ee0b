"""Records the expiry of roles. Access ends by the clock, at the end of the role; this only updates its row."""

import time

from sqlalchemy import Engine

from db import audit, roles

LONGEST_SECONDS = 30.0
"""A run ends after this time, between two batches; the next run continues."""


def expire(engine: Engine, batch: int) -> int:
    """Mark the assignments whose end has passed as expired, `batch` per transaction; returns how many."""
    deadline, total = time.monotonic() + LONGEST_SECONDS, 0
    while time.monotonic() < deadline:
        with engine.begin() as connection:
            audit.set_actor(connection, "calendar")
            closed = roles.expire(connection, batch)
        total += closed
        if closed < batch:
            break
    return total
