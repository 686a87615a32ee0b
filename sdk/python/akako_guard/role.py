"""The roles a user can hold; the database refuses any other."""

from enum import StrEnum


class Role(StrEnum):
    """One of the learning platform's roles. A user may hold several at once, each in its own window of time."""

    LEARNER = "LEARNER"
    MENTOR = "MENTOR"
    ADMIN = "ADMIN"


def suffice(held: frozenset[Role], needed: frozenset[Role], *, all_of: bool) -> bool:
    """Whether the roles held include one of the roles needed, or with `all_of` all of them; true if none is needed."""
    if all_of or not needed:
        return held >= needed
    return not held.isdisjoint(needed)
