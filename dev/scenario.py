"""The deliveries of the demonstration, with the expected answer to each."""

from dataclasses import dataclass, field
from typing import Any

from dev import sample_events


@dataclass(frozen=True, slots=True)
class Step:
    """One delivery with the expected answer and the expected status of the stored event (None: not stored)."""

    title: str
    body: bytes
    status: int
    answer: str
    stored_as: str | None
    svix_id: str = field(default_factory=lambda: sample_events.new_id("msg"))
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Users:
    """The Clerk ids of the users of one run, unique to that run."""

    grace: str = field(default_factory=lambda: sample_events.new_id("user"))
    zoe: str = field(default_factory=lambda: sample_events.new_id("user"))
    mallory: str = field(default_factory=lambda: sample_events.new_id("user"))
    mei: str = field(default_factory=lambda: sample_events.new_id("user"))
    unversioned: str = field(default_factory=lambda: sample_events.new_id("user"))
    default_role: str = "LEARNER"
    """The role of a new user; the demonstration sets DEFAULT_ROLE to it."""
    temporary_role: str = "MENTOR"
    """The role that Grace holds for a short time."""

    def ids(self) -> list[str]:
        """All Clerk ids."""
        return [self.grace, self.zoe, self.mallory, self.mei, self.unversioned]


def deliveries(users: Users, now: float) -> list[Step]:
    """The deliveries in the order in which they are sent, with times around `now` (seconds since 1970)."""
    creation = _stored("a creation", _event("user.created", users.grace, now - 60))
    return [
        creation,
        _stored("an update", _event("user.updated", users.grace, now - 50)),
        _stored("an update before its creation", _update(users.zoe, now - 30, first_name="Zoé")),
        _stored("its creation, delivered late", _event("user.created.google", users.zoe, now - 40)),
        Step("a duplicate delivery", creation.body, 202, "duplicate", "applied", creation.svix_id),
        Step("a forged delivery", _event("user.created", users.mallory, now), 401, "refused", None, forged=True),
        _stored(
            "an update without a version", _event("user.updated.without-version", users.unversioned, now), "parked"
        ),
        _stored("an event of a type that is not used", _event("session.created", users.grace, now), "ignored"),
        _stored("Clerk's 'Send Example'", sample_events.body(sample_events.load("send-example")), "ignored"),
        _stored("another creation", _event("user.created.username-only", users.mei, now - 20)),
        _stored("its deletion", _event("user.deleted", users.mei, now - 10)),
    ]


def _stored(title: str, body: bytes, stored_as: str = "applied") -> Step:
    return Step(title, body, 202, "accepted", stored_as)


def _event(name: str, user_id: str, at: float) -> bytes:
    return sample_events.body(sample_events.freshen(sample_events.load(name), user_id, at))


def _update(user_id: str, at: float, **data: Any) -> bytes:
    event = sample_events.freshen(sample_events.load("user.created.google"), user_id, at)
    return sample_events.body(event | {"type": "user.updated", "data": event["data"] | data})
