"""Why a request by a person is refused. Each docstring is the sentence that the person reads."""

from typing import ClassVar

from db.assignments import Assignment


class Refused(Exception):
    """What was asked for is refused."""

    word: ClassVar[str] = "refused"
    """For programs; stays as it is."""

    def __init__(self, particulars: str = "", in_the_way: Assignment | None = None) -> None:
        super().__init__(" ".join(filter(None, [self.__doc__, particulars])))
        self.in_the_way = in_the_way


class EventUnknown(Refused):
    """We keep no delivery with this svix id. The list of events has those that we keep."""

    word = "event_unknown"
