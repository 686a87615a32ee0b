"""The outcomes of storing a delivery."""

from enum import StrEnum
from typing import Literal

UnavailableReason = Literal["database_unavailable", "database_slow", "too_many_waiting", "row_refused"]
"""Why a delivery could not be stored."""


class Outcome(StrEnum):
    """Whether a delivery was stored or is a duplicate of a stored event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


class StorageUnavailable(Exception):
    """The delivery could not be stored; the sender has to retry."""

    def __init__(self, reason: UnavailableReason, **details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details
        """Additional values for the log."""
