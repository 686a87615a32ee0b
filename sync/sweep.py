"""Recovers lost messages: enqueues events that are due and not applied again."""

from sqlalchemy import Engine

from db import events
from sync.enqueue import Queue

ENOUGH_WAITING = 50
"""With more messages than this in the queue, events are late rather than lost; further messages would only pile up."""


def sweep(engine: Engine, queue: Queue, most: int) -> int:
    """Enqueue up to `most` due events, longest due first; returns how many. Concurrent sweeps only send duplicates."""
    if queue.length() > ENOUGH_WAITING:
        return 0
    with engine.connect() as connection:
        svix_ids = events.due(connection, most)
    queue.put(svix_ids)
    return len(svix_ids)
