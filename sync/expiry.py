"""Records the expiry of roles. Access ends by the clock, at the end of the role; this only updates its row."""

from sqlalchemy import Connection, Engine

from db import audit, roles
from sync import batches

LONGEST_SECONDS = 30.0


def expire(engine: Engine, batch: int) -> int:
    """Mark the assignments whose end has passed as expired, `batch` per transaction; returns how many."""

    def change(connection: Connection) -> int:
        audit.set_actor(connection, "calendar")
        return roles.expire(connection, batch)

    return batches.repeat(engine, change, batch, LONGEST_SECONDS)
