"""Reasons to refuse a person's request. Each docstring is the message that the person reads."""

from typing import ClassVar

from db.assignments import Assignment


class Refused(Exception):
    """The request is refused."""

    word: ClassVar[str] = "refused"
    """Stable identifier for programs."""

    def __init__(self, particulars: str = "", conflicting: Assignment | None = None) -> None:
        super().__init__(" ".join(filter(None, [self.__doc__, particulars])))
        self.conflicting = conflicting


class EventUnknown(Refused):
    """No event with this svix id is stored. List the events to find its id."""

    word = "event_unknown"
