"""Holds the deletions of a set that are above the limit. Called under the lock, after the users are locked."""

from collections.abc import Mapping

from sqlalchemy import Connection

from clerk.user import Deletion
from db import deletion_holds, users
from db.deletion_holds import HoldKind, NewHold
from sync import deletion_limits
from sync.deletion_limits import Limit

WHY_HELD = (
    "Deletions are above the limit, or an earlier deletion of this user waits. Decide with `akako deletions list`,"
    " then `akako deletions release` or `reject`."
)
"""The reason that a held event has."""


def above_limit(connection: Connection, deletions: Mapping[str, Deletion], kind: HoldKind, limit: Limit) -> set[str]:
    """The users, of those given, whose deletion must be held; the others are counted.

    The given users are living. One with an open hold is held too, and is not counted; so is one whose deletion a person
    rejected, if it is inferred: only a new delivery, or a person, can overrule that person.
    """
    if not deletions:
        return set()
    standing = deletion_holds.standing(connection, kind, deletions.keys())
    wanted = deletion_limits.in_order(
        deletion for clerk_id, deletion in deletions.items() if clerk_id not in standing.waiting
    )
    passing = deletion_limits.admitted(len(wanted), standing.counted, limit, lambda: users.living(connection))
    if passing:
        deletion_holds.count(connection, kind, passing)
    return {*standing.waiting, *(deletion.clerk_id for deletion in wanted[passing:])}


def hold(connection: Connection, deletions: Mapping[str, Deletion], causes: Mapping[str, str], kind: HoldKind) -> None:
    """Record the holds of these users' deletions. `causes` maps users to svix ids, or to what inferred the deletion."""
    holds = [
        NewHold(clerk_id=clerk_id, cause=causes[clerk_id], occurred_at=deletion.at)
        for clerk_id, deletion in deletions.items()
    ]
    deletion_holds.add(connection, kind, holds)
