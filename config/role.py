"""The roles a user can hold; the database refuses any other."""

from enum import StrEnum


class Role(StrEnum):
    """One of the learning platform's roles. A user may hold several at once, each in its own window of time."""

    LEARNER = "LEARNER"
    MENTOR = "MENTOR"
    ADMIN = "ADMIN"
