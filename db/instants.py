"""The two instants of a question about the past, and which question they ask."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection


class PastQuestion(StrEnum):
    """Which of the two questions about the past an answer belongs to."""

    WHAT_WAS_SO = "what_was_so"
    """What the guard decided at that instant, or would have decided."""
    WHAT_IS_KNOWN = "what_is_known"
    """What was recorded by `as_of` about that instant, including corrections made in between."""


@dataclass(frozen=True, slots=True)
class Instants:
    """The instant in question, and the instant by which a line has to be recorded to count."""

    at: datetime
    as_of: datetime

    @property
    def question(self) -> PastQuestion:
        """The question that these instants ask."""
        return PastQuestion.WHAT_WAS_SO if self.at == self.as_of else PastQuestion.WHAT_IS_KNOWN


def resolve(connection: Connection, at: datetime | None, as_of: datetime | None) -> Instants:
    """The instants of a question, by the database's clock.

    Without `at` the question is about now. Without `as_of` it is what was so at `at`; for an instant in the future,
    what is known now. Nothing can be known later than now, so `as_of` is at most now.
    """
    now: datetime = connection.exec_driver_sql("select now()").scalar_one()
    at = at or now
    return Instants(at, min(as_of or at, now))
