"""Compares snapshots from Clerk with what is stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

from clerk.user import Snapshot
from db.users import KnownVersion


class Effect(StrEnum):
    """What applying a snapshot does."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """The stored version is the same or newer."""
    DELETED = "deleted"
    """We know that the user was deleted; no snapshot brings a user back."""


def effect(snapshot: Snapshot, known: KnownVersion | None) -> Effect:
    """What applying a snapshot does, given the stored version of the user."""
    if known is None:
        return Effect.CREATED
    if known.deleted:
        return Effect.DELETED
    return Effect.UPDATED if known.version is None or known.version < snapshot.version else Effect.UNCHANGED


def effects(snapshots: Sequence[Snapshot], known: Mapping[str, KnownVersion]) -> Counter[Effect]:
    """The number of snapshots by effect."""
    return Counter(effect(snapshot, known.get(snapshot.clerk_id)) for snapshot in snapshots)
