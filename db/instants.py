"""The two instants of a point-in-time query, and which question they ask."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection


class PastQuestion(StrEnum):
    """Which of the two questions about the past was answered."""

    WHAT_WAS_SO = "what_was_so"
    """What the guard decided at that time, or would have decided."""
    WHAT_IS_KNOWN = "what_is_known"
    """What was recorded by `as_of` about that time, including later corrections."""


@dataclass(frozen=True, slots=True)
class Instants:
    """`at`: the instant that the question is about. `as_of`: only audit lines recorded by this instant count."""

    at: datetime
    as_of: datetime

    @property
    def question(self) -> PastQuestion:
        """The question that corresponds to these instants."""
        return PastQuestion.WHAT_WAS_SO if self.at == self.as_of else PastQuestion.WHAT_IS_KNOWN


def resolve(connection: Connection, at: datetime | None, as_of: datetime | None) -> Instants:
    """Complete the instants of a question, by the database clock.

    `at` defaults to now, and `as_of` to `at`. Nothing can be recorded later than now, so `as_of` is at most now: a
    question about the future is answered with what is known now.
    """
    now: datetime = connection.exec_driver_sql("select now()").scalar_one()
    at = at or now
    return Instants(at, min(as_of or at, now))
