"""Compares snapshots from Clerk with what is stored. Pure: values in, values out."""

from enum import StrEnum

from clerk.user import Deletion, Snapshot
from db.users import StoredUser
from sync import fold


class Effect(StrEnum):
    """What applying a snapshot does."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """Nothing: what is stored is the same or newer."""
    DELETED = "deleted"
    """Nothing: the user was deleted, and no snapshot brings a user back."""


CHANGES = (Effect.CREATED, Effect.UPDATED)
"""The effects for which something is written."""


def effect(snapshot: Snapshot, known: StoredUser | None) -> Effect:
    """What applying a snapshot does to a user that is stored so.

    A snapshot without an effect need not be applied, whatever other transactions write meanwhile: it would have had
    none at the moment when the row was read.
    """
    if known is None:
        return Effect.CREATED
    if isinstance(known.state, Deletion):
        return Effect.DELETED
    # Most users of a walk are equal to what is stored, which is quicker to find out than which of two states wins.
    unchanged = snapshot == known.state or fold.later(known.state, snapshot) == known.state
    return Effect.UNCHANGED if unchanged else Effect.UPDATED
