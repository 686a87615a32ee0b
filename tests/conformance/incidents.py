"""Scenarios that need more than requests: session tokens, and outages of what a receiver depends on."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from dev.clerk_instance import ClerkInstance
from dev.conformance.judgement import Result, Verdict
from dev.conformance.scenario import Answer, Expected, Sender, Step, new_user_id
from dev.conformance.sending import Client, Unreachable
from dev.conformance.users import created, deleted, user
from dev.embedded.postgres import Postgres
from tests.conformance.clerk_api import ClerkApi
from tests.conformance.subject import Subject
from tests.conformance.tables import Tables
from tests.dev.groups import until

SECONDS = 30
REFUSALS = (401, 403, 404, 409, 410)


@dataclass(frozen=True, slots=True)
class World:
    """A running receiver and everything around it."""

    subject: Subject
    tables: Tables
    sender: Sender
    clerk_api: ClerkApi
    postgres: Postgres
    instance: ClerkInstance

    def send(self, step: Step) -> Answer:
        """Send a delivery and wait until it is applied."""
        answer = self.attempt(step)
        self.tables.settle()
        return answer

    def attempt(self, step: Step) -> Answer:
        """Send a delivery. An answer without a status if the receiver does not listen."""
        self.tables.before(step)
        try:
            return Client(self.subject.url).send(step)[0]
        except Unreachable:
            return Answer(None, "not listening")

    def stored(self, clerk_id: str, seconds: float = 0) -> bool:
        """Whether the user is stored and not deleted, at the latest after that time."""

        def found() -> bool:
            try:
                row = self.tables.user(clerk_id)
            except psycopg.OperationalError:
                return False
            return row is not None and row.present

        try:
            until(found, seconds)
        except AssertionError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Incident:
    """A scenario that controls the receiver's surroundings."""

    name: str
    sentence: str
    expected: str
    run: Callable[[World], tuple[str, str]]
    """What was seen, and the problem or nothing."""

    def result(self, world: World) -> Result:
        """Run it and judge."""
        seen, problem = self.run(world)
        return Result(
            self.name, self.sentence, Verdict.FAILED if problem else Verdict.PASSED, self.expected, seen, problem
        )


def _first_sign_in(world: World) -> tuple[str, str]:
    clerk_id = new_user_id()
    data = user(clerk_id)
    world.clerk_api.learn(data)
    status = world.subject.sign_in(world.instance.token(clerk_id))
    at_once = world.stored(clerk_id)
    answer = world.send(created(world.sender, data))
    if status != 200 or not at_once:
        return f"{status}, {answer}", "the user is not stored at the first sign-in"
    accepted = Expected.ACCEPTED.allows(answer) and world.stored(clerk_id)
    return f"{status}, {answer}", "" if accepted else "the webhook after it is not accepted"


def _deleted_users_token(world: World) -> tuple[str, str]:
    clerk_id = new_user_id()
    token = world.instance.token(clerk_id)
    world.send(created(world.sender, user(clerk_id)))
    answer = world.send(deleted(world.sender, clerk_id))
    status = world.subject.sign_in(token)
    refused = status in REFUSALS and not world.stored(clerk_id)
    return f"{answer}, {status}", "" if refused else "a deleted user is admitted or stored again"


def _clerk_api_unavailable(world: World) -> tuple[str, str]:
    step = created(world.sender, user(new_user_id()))
    world.clerk_api.available = False
    try:
        answers = [world.send(step)]
    finally:
        world.clerk_api.available = True
    return _until_stored(world, step, answers)


def _database_unavailable(world: World) -> tuple[str, str]:
    step = created(world.sender, user(new_user_id()))
    world.postgres.kill()
    try:
        answers = [world.attempt(step)]
    finally:
        world.postgres.start()
    return _until_stored(world, step, answers)


def _killed_after_response(world: World) -> tuple[str, str]:
    step = created(world.sender, user(new_user_id()))
    answers = [world.attempt(step)]
    world.subject.kill()
    return _until_stored(world, step, answers)


def _until_stored(world: World, step: Step, answers: list[Answer]) -> tuple[str, str]:
    """Start what has ended, send again what was not accepted, as Svix does, and wait for the user."""
    world.subject.start()
    assert step.sent is not None
    for _ in range(5):
        if Expected.ACCEPTED.allows(answers[-1]):
            break
        answers.append(world.attempt(step))
    accepted = Expected.ACCEPTED.allows(answers[-1])
    stored = world.stored(step.sent["id"], SECONDS if accepted else 0)
    lost = "accepted, and lost" if accepted else "never accepted"
    return ", ".join(map(str, answers)), "" if stored and accepted else lost


SIGNED_IN = (
    Incident(
        "first-sign-in",
        "A user who signs in before the webhook arrives is stored, and the webhook is accepted.",
        "200, 2xx",
        _first_sign_in,
    ),
    Incident(
        "deleted-users-token",
        "A session token that is still valid does not admit a deleted user.",
        "2xx, 4xx",
        _deleted_users_token,
    ),
    Incident(
        "clerk-api-unavailable",
        "A delivery is not lost while Clerk's API is unavailable.",
        "2xx in the end",
        _clerk_api_unavailable,
    ),
)
OUTAGES = (
    Incident(
        "database-unavailable",
        "A delivery is not lost while the database is unavailable.",
        "2xx in the end",
        _database_unavailable,
    ),
    Incident(
        "killed-after-response",
        "A delivery is not lost if every process is killed right after the response.",
        "2xx",
        _killed_after_response,
    ),
)
NEEDS_SIGN_IN = frozenset({"first-sign-in", "deleted-users-token"})
