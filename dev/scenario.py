"""What the demonstration delivers, and what has to come of each delivery."""

from dataclasses import dataclass, field
from typing import Any

from dev import sample_events


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery and its outcome: the answer, and the status of the kept event (None: nothing is kept)."""

    title: str
    body: bytes
    status: int
    answer: str
    kept_as: str | None
    svix_id: str = field(default_factory=lambda: sample_events.new_id("msg"))
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Users:
    """The persons of one run, whom no other run knows."""

    grace: str = field(default_factory=lambda: sample_events.new_id("user"))
    zoe: str = field(default_factory=lambda: sample_events.new_id("user"))
    mallory: str = field(default_factory=lambda: sample_events.new_id("user"))
    mei: str = field(default_factory=lambda: sample_events.new_id("user"))
    nobody: str = field(default_factory=lambda: sample_events.new_id("user"))
    default_role: str = "LEARNER"
    """What a new user may do, whatever DEFAULT_ROLE is elsewhere."""
    passing_role: str = "MENTOR"
    """The role that Grace holds for a moment."""

    def everybody(self) -> list[str]:
        """The Clerk ids of all of them."""
        return [self.grace, self.zoe, self.mallory, self.mei, self.nobody]


def written(people: Users, now: float) -> list[Step]:
    """The deliveries in the order in which they are sent, around the time `now` (seconds since 1970)."""
    creation = _kept("a creation", _event("user.created", people.grace, now - 60))
    return [
        creation,
        _kept("an update", _event("user.updated", people.grace, now - 50)),
        _kept("an update that overtook its creation", _late(people.zoe, now - 30, first_name="Zoé")),
        _kept("the creation it overtook", _event("user.created.google", people.zoe, now - 40)),
        Step("a repeated delivery", creation.body, 202, "duplicate", "applied", creation.svix_id),
        Step("a forged delivery", _event("user.created", people.mallory, now), 401, "refused", None, forged=True),
        _kept(
            "a delivery that cannot be understood", _event("user.updated.without-version", people.nobody, now), "parked"
        ),
        _kept("a delivery of a type we do not use", _event("session.created", people.grace, now), "ignored"),
        _kept("Clerk's 'Send Example'", sample_events.body(sample_events.load("send-example")), "ignored"),
        _kept("another creation", _event("user.created.username-only", people.mei, now - 20)),
        _kept("its deletion", _event("user.deleted", people.mei, now - 10)),
    ]


def _kept(title: str, body: bytes, kept_as: str = "applied") -> Step:
    return Step(title, body, 202, "accepted", kept_as)


def _event(name: str, user_id: str, at: float) -> bytes:
    return sample_events.body(sample_events.freshen(sample_events.load(name), user_id, at))


def _late(user_id: str, at: float, **said: Any) -> bytes:
    event = sample_events.freshen(sample_events.load("user.created.google"), user_id, at)
    return sample_events.body(event | {"type": "user.updated", "data": event["data"] | said})
