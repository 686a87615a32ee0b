"""Heals what was lost on the way: nudges again whatever is due and not applied."""

from sqlalchemy import Engine

from db import events
from sync.enqueue import Queue

ENOUGH_WAITING = 50
"""Messages in the queue above which nothing is lost, only late: more would not help, and would pile up."""


def sweep(engine: Engine, queue: Queue, most: int) -> int:
    """Nudge up to `most` due events, the longest due first; how many. Two at once only send some of them twice."""
    if queue.length() > ENOUGH_WAITING:
        return 0
    with engine.connect() as connection:
        svix_ids = events.due(connection, most)
    queue.put(svix_ids)
    return len(svix_ids)
