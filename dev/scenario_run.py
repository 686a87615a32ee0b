"""Performs the demonstration's story on its stage: deliver, wait for what must follow, look."""

import time
from collections.abc import Callable, Sequence

import httpx
from sqlalchemy import Connection

from dev import api_checks, delivery, queries
from dev.api_checks import Reply
from dev.delivery import Answer
from dev.expectations import Outcome
from dev.scenario import Cast, Chapter
from dev.stack import Stage

PATIENCE_SECONDS = 30.0
ROLE_SECONDS = 2.0


class Unsettled(Exception):
    """Something that had to happen did not, in good time."""


def perform(stage: Stage, chapters: Sequence[Chapter], cast: Cast, say: Callable[[str], None]) -> Outcome:
    """Deliver every chapter, let a role run out, ask the API, and return what it all led to."""
    answers = []
    for chapter in chapters:
        say(f"delivering {chapter.title}")
        answers.append(_deliver(stage, chapter))
        _settle(stage, chapter)
    say("waiting for a role's time to run out")
    counted = _let_a_role_run_out(stage, cast)
    replies = _ask(stage, cast, say)
    with stage.engine.connect() as connection:
        return Outcome(
            answers,
            queries.events(connection, [chapter.svix_id for chapter in chapters]),
            queries.users(connection, cast.everybody()),
            queries.assignments(connection, cast.everybody()),
            queries.trail(connection, cast.everybody()),
            counted,
            replies,
        )


def _deliver(stage: Stage, chapter: Chapter) -> Answer:
    sealed = delivery.seal(stage.secret, chapter.svix_id, chapter.body, forged=chapter.forged)
    try:
        return delivery.send(sealed, stage.webhook)
    except httpx.HTTPError as error:
        raise Unsettled(f"the receiver gave no answer to {chapter.title} ({error!r}).") from error


def _ask(stage: Stage, cast: Cast, say: Callable[[str], None]) -> list[Reply]:
    try:
        return api_checks.ask(stage, cast, say)
    except httpx.HTTPError as error:
        raise Unsettled(f"the API gave no answer ({error!r}).") from error


def _settle(stage: Stage, chapter: Chapter) -> None:
    """Wait until the event is done: two in one set would be folded, and the story tells of each."""

    def done(connection: Connection) -> bool:
        status, _ = queries.events(connection, [chapter.svix_id]).get(chapter.svix_id, (None, None))
        return status != "received"

    _until(stage, done, f"{chapter.title} was kept and not applied")


def _let_a_role_run_out(stage: Stage, cast: Cast) -> bool:
    """Assign a role for a moment and wait until the calendar wrote down its end; whether it counted until then."""
    with stage.engine.begin() as connection:
        queries.assign_for_a_while(connection, cast.grace, cast.passing_role, ROLE_SECONDS)
    with stage.engine.connect() as connection:
        counted = any(each.counts for each in _passing(connection, cast))
    _until(
        stage,
        lambda connection: all(not each.is_active for each in _passing(connection, cast)),
        "the end of the role was not written down",
    )
    return counted


def _passing(connection: Connection, cast: Cast) -> list[queries.Assignment]:
    return [each for each in queries.assignments(connection, [cast.grace]) if each.role == cast.passing_role]


def _until(stage: Stage, holds: Callable[[Connection], bool], otherwise: str) -> None:
    """Look again and again until the condition holds. Raises Unsettled if it takes too long or a process died."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with stage.engine.connect() as connection:
            if holds(connection):
                return
        if ended := [process.name for process in stage.running.ended()]:
            raise Unsettled(f"{otherwise}: {', '.join(ended)} ended.")
        if time.monotonic() > deadline:
            raise Unsettled(f"{otherwise} within {PATIENCE_SECONDS:g} seconds.")
        time.sleep(0.05)
