"""Runs the demonstration: delivers each event, waits until it is applied, and collects the outcome."""

import time
from collections.abc import Callable, Sequence

import httpx
from sqlalchemy import Connection

from akako_guard.role import Role
from dev import api_checks, delivery, persons, queries
from dev.api_checks import Reply
from dev.clerk.client import ClerkRefused, ClerkUnreachable
from dev.delivery import ReceiverResponse
from dev.expectations import Outcome
from dev.persons import Followed
from dev.queries import UserAssignment
from dev.scenario import Step, Users
from dev.stack import Stack

PATIENCE_SECONDS = 30.0
ROLE_SECONDS = 2.0


class StepTimedOut(Exception):
    """A step of the demonstration did not complete in time, or a process ended."""


def run(stack: Stack, steps: Sequence[Step], users: Users, say: Callable[[str], None]) -> Outcome:
    """Send every delivery, let a role expire, query the API, and return the outcome. Raises StepTimedOut."""
    answers = []
    for step in steps:
        say(f"delivering {step.title}")
        answers.append(_deliver(stack, step))
        _settle(stack, step)
    say("waiting for a role to expire")
    held = _let_a_role_expire(stack, users)
    replies = _ask(stack, users, say)
    followed = _follow(stack, say)
    with stack.engine.connect() as connection:
        return Outcome(
            answers,
            queries.events(connection, [step.svix_id for step in steps]),
            queries.users(connection, users.ids()),
            queries.assignments(connection, users.ids()),
            queries.trail(connection, users.ids()),
            held,
            replies,
            followed,
        )


def _deliver(stack: Stack, step: Step) -> ReceiverResponse:
    request = delivery.sign(stack.secret, step.svix_id, step.body, forged=step.forged)
    try:
        return delivery.send(request, stack.webhook)
    except httpx.HTTPError as error:
        raise StepTimedOut(f"The receiver did not answer {step.title} ({error!r}).") from error


def _ask(stack: Stack, users: Users, say: Callable[[str], None]) -> list[Reply]:
    try:
        return api_checks.ask(stack, users, say)
    except httpx.HTTPError as error:
        raise StepTimedOut(f"The API did not answer ({error!r}).") from error


def _follow(stack: Stack, say: Callable[[str], None]) -> list[Followed]:
    try:
        return persons.follow(stack, say)
    except (httpx.HTTPError, ClerkRefused, ClerkUnreachable) as error:
        raise StepTimedOut(f"The API or the development Clerk did not answer ({error!r}).") from error


def _settle(stack: Stack, step: Step) -> None:
    """Wait until the event is applied: two events in one set would be folded, and the demonstration shows each."""

    def done(connection: Connection) -> bool:
        status, _ = queries.events(connection, [step.svix_id]).get(step.svix_id, (None, None))
        return status != "received"

    _until(stack, done, f"{step.title} was stored and not applied")


def _let_a_role_expire(stack: Stack, users: Users) -> bool:
    """Assign a temporary role, wait until its expiry is recorded, and return whether it was held before."""
    with stack.engine.begin() as connection:
        queries.assign_temporarily(connection, users.grace, Role(users.temporary_role), ROLE_SECONDS)
    with stack.engine.connect() as connection:
        held = any(each.assignment.held for each in _temporary(connection, users))
    _until(
        stack,
        lambda connection: all(not each.assignment.is_active for each in _temporary(connection, users)),
        "the expiry of the role was not recorded",
    )
    return held


def _temporary(connection: Connection, users: Users) -> list[UserAssignment]:
    found = queries.assignments(connection, [users.grace])
    return [each for each in found if each.assignment.role == users.temporary_role]


def _until(stack: Stack, holds: Callable[[Connection], bool], otherwise: str) -> None:
    """Poll until the condition holds. Raises StepTimedOut after a timeout, or if a process ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with stack.engine.connect() as connection:
            if holds(connection):
                return
        if ended := [process.name for process in stack.running.ended()]:
            raise StepTimedOut(f"{otherwise}: {', '.join(ended)} ended.")
        if time.monotonic() > deadline:
            raise StepTimedOut(f"{otherwise} within {PATIENCE_SECONDS:g} seconds.")
        time.sleep(0.05)
