"""Performs the demonstration's story on its stage: deliver, wait for what must follow, look."""

import time
from collections.abc import Callable, Sequence

import httpx
from sqlalchemy import Connection

from config.role import Role
from dev import api_checks, delivery, queries
from dev.api_checks import Reply
from dev.delivery import ReceiverResponse
from dev.expectations import Outcome
from dev.queries import UserAssignment
from dev.scenario import Step, Users
from dev.stack import Stack

PATIENCE_SECONDS = 30.0
ROLE_SECONDS = 2.0


class StepTimedOut(Exception):
    """Something that had to happen did not, in good time."""


def perform(stack: Stack, steps: Sequence[Step], people: Users, say: Callable[[str], None]) -> Outcome:
    """Deliver every chapter, let a role run out, ask the API, and return what it all led to."""
    answers = []
    for step in steps:
        say(f"delivering {step.title}")
        answers.append(_deliver(stack, step))
        _settle(stack, step)
    say("waiting for a role's time to run out")
    counted = _let_a_role_run_out(stack, people)
    replies = _ask(stack, people, say)
    with stack.engine.connect() as connection:
        return Outcome(
            answers,
            queries.events(connection, [step.svix_id for step in steps]),
            queries.users(connection, people.everybody()),
            queries.assignments(connection, people.everybody()),
            queries.trail(connection, people.everybody()),
            counted,
            replies,
        )


def _deliver(stack: Stack, step: Step) -> ReceiverResponse:
    sealed = delivery.sign(stack.secret, step.svix_id, step.body, forged=step.forged)
    try:
        return delivery.send(sealed, stack.webhook)
    except httpx.HTTPError as error:
        raise StepTimedOut(f"the receiver gave no answer to {step.title} ({error!r}).") from error


def _ask(stack: Stack, people: Users, say: Callable[[str], None]) -> list[Reply]:
    try:
        return api_checks.ask(stack, people, say)
    except httpx.HTTPError as error:
        raise StepTimedOut(f"the API gave no answer ({error!r}).") from error


def _settle(stack: Stack, step: Step) -> None:
    """Wait until the event is done: two in one set would be folded, and the story tells of each."""

    def done(connection: Connection) -> bool:
        status, _ = queries.events(connection, [step.svix_id]).get(step.svix_id, (None, None))
        return status != "received"

    _until(stack, done, f"{step.title} was kept and not applied")


def _let_a_role_run_out(stack: Stack, people: Users) -> bool:
    """Assign a role for a moment and wait until the calendar wrote down its end; whether it counted until then."""
    with stack.engine.begin() as connection:
        queries.assign_temporarily(connection, people.grace, Role(people.passing_role), ROLE_SECONDS)
    with stack.engine.connect() as connection:
        counted = any(each.assignment.held for each in _passing(connection, people))
    _until(
        stack,
        lambda connection: all(not each.assignment.is_active for each in _passing(connection, people)),
        "the end of the role was not written down",
    )
    return counted


def _passing(connection: Connection, people: Users) -> list[UserAssignment]:
    found = queries.assignments(connection, [people.grace])
    return [each for each in found if each.assignment.role == people.passing_role]


def _until(stack: Stack, holds: Callable[[Connection], bool], otherwise: str) -> None:
    """Look again and again until the condition holds. Raises Unsettled if it takes too long or a process died."""
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
