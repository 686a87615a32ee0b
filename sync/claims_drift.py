"""Finds claims at Clerk that another writer changed, in users that a webhook or a walk shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from clerk.user import Snapshot
from db import claims, claims_switch
from db.claims import Claims

log = structlog.get_logger()

MOST_CORRECTIONS = 5
"""How often in a row another writer's change is corrected before the user is parked."""


def note(connection: Connection, snapshots: Sequence[Snapshot]) -> int:
    """Mark the users as due whose claims another writer changed after our push; returns how many were changed.

    Parks users that another installation marked, and those that another writer changed again and again. A changed role
    is never a reason: only the database decides about roles.
    """
    switch = claims_switch.read(connection) if snapshots else None
    if switch is None or not switch.is_on:
        return 0
    recorded = claims.recorded(connection, [snapshot.clerk_id for snapshot in snapshots])
    changed = [
        (known, snapshot.claims.get("roles_by"))
        for snapshot in snapshots
        if snapshot.claims is not None
        and (known := recorded.get(snapshot.clerk_id))
        and _is_changed(known, snapshot.version, snapshot.claims)
    ]
    due = []
    for known, by in changed:
        if by not in (None, switch.installation) and not known.takes_over:
            park(connection, known.user_id, known.clerk_id, "another_installation")
        elif known.corrections >= MOST_CORRECTIONS:
            park(connection, known.user_id, known.clerk_id, "another_writer")
        else:
            due.append(known.user_id)
    if due:
        claims.note_changed(connection, due)
    return len(changed)


def _is_changed(recorded: Claims, version: datetime, seen: Mapping[str, object]) -> bool:
    """Whether Clerk has another value than the pushed one, in a version that is newer than the push."""
    return (
        not recorded.in_flight
        # Otherwise one change would count again with each sign-in, until it is corrected.
        and not recorded.is_waiting
        and recorded.parked is None
        and recorded.pushed is not None
        and recorded.pushed_version is not None
        and version > recorded.pushed_version
        and seen != recorded.pushed
        and bool(seen or recorded.pushed["roles"])
    )


def park(connection: Connection, user_id: int, clerk_id: str, parked: str, reason: str | None = None) -> None:
    """Push the roles of this user no more until a person acts."""
    claims.park(connection, [user_id], parked, reason)
    step = "see docs/how-to/runbook.md#claims-are-parked"
    log.error("claims.parked", clerk_id=clerk_id, parked=parked, reason=reason, next_step=step)
