"""What becomes of a delivery that was handed to the intake."""

from enum import StrEnum
from typing import Literal

Why = Literal["database_away", "database_slow", "too_many_waiting", "row_refused"]
"""Why a delivery could not be kept."""


class Outcome(StrEnum):
    """What became of a delivery that is safely kept."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


class StorageUnavailable(Exception):
    """The delivery could not be kept for now; the sender has to come again."""

    def __init__(self, reason: Why, **said: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.said = said
        """What the log may say of it besides."""
