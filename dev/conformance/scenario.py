"""A scenario: a name, a sentence, the requests that it sends, and what is expected of the receiver."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from dev import local_servers
from dev.conformance.signing import Request
from dev.sample_events import new_id

UserData = dict[str, Any]
"""A user as Clerk sends it: `data` of `user.created`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of a response, or why there was none."""

    status: int | None
    problem: str = ""

    def __str__(self) -> str:
        return str(self.status) if self.status else self.problem


class Expected(Enum):
    """Which answers pass; the value is the text shown in tables."""

    ACCEPTED = "2xx"
    """Anything else is retried by Svix for 27 hours, and a receiver that keeps failing is disabled."""
    REFUSED = "4xx"
    """A 5xx would be an error that any client can cause."""
    REFUSED_OR_CLOSED = "4xx or closed"
    """For bodies over a limit, which a receiver need not read to the end."""
    HANDLED = "2xx or 4xx"
    """Accepting and refusing are both right, and failing is not."""

    def allows(self, answer: Answer) -> bool:
        """Whether the answer is one of these."""
        if answer.status is None:
            return self is Expected.REFUSED_OR_CLOSED and answer.problem == CLOSED
        accepted, refused = 200 <= answer.status < 300, 400 <= answer.status < 500
        if self is Expected.HANDLED:
            return accepted or refused
        return accepted if self is Expected.ACCEPTED else refused


CLOSED = "closed"
"""The problem of an answer for which the receiver closed the connection."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request that is sent, and the expected answer."""

    request: Request
    expected: Expected
    copies: int = 1
    """How many of it are sent at the same time."""
    sent: UserData | None = None
    """The user in its body, for receivers that ask Clerk's API for the user that a delivery names."""
    known: tuple[UserData, ...] = ()
    """Users whose newer state Clerk's API returns by now, although their deliveries come later."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The expected state of one user after a scenario; fields that are not given are not judged."""

    clerk_id: str
    fields: Mapping[str, object] = field(default_factory=dict)
    """Among `email`, `first_name`, `last_name` and `banned`."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A user that must not be there after a scenario, or is marked as deleted."""

    clerk_id: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What a scenario sends, and the users that it has to leave behind."""

    steps: Sequence[Step]
    leaves: Sequence[Stored | Gone] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """What a scenario needs to build its requests: the receiver's secret and one that the receiver does not have."""

    secret: str
    other_secret: str = field(default_factory=local_servers.new_secret)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One behaviour of a receiver. `build` makes new users each time, so that a run does not depend on earlier ones."""

    name: str
    sentence: str
    build: Callable[[Sender], Steps]


def new_user_id() -> str:
    """A Clerk id that no other run uses."""
    return new_id("user")
