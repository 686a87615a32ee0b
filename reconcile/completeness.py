"""Decides whether a walk saw all users of Clerk. From an incomplete one nothing follows about users that it missed."""

from sqlalchemy import Connection

from db import users
from db.walks import Walk


def incomplete(connection: Connection, walk: Walk, count_after: int) -> str | None:
    """Why the walk is incomplete; None if it saw every user that Clerk counts, and skipped none."""
    expected = max(count_after, walk.count_before - users.deleted_since(connection, walk.started_at))
    if walk.seen < expected:
        return f"Clerk counts {expected:,} users, and {walk.seen:,} were seen"
    if walk.skipped:
        return f"{walk.skipped:,} users could not be read or applied"
    return "Clerk shows no users at all" if walk.seen == 0 and users.living(connection) else None
