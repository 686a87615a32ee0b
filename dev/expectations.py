"""What must be true when everything of the demonstration has settled."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from db.audit import AuditEntry
from db.user_search import UserEntry
from dev.api_checks import Reply
from dev.delivery import ReceiverResponse
from dev.queries import UserAssignment
from dev.scenario import Step, Users

Told: TypeAlias = tuple[str | None, str, str | None]
"""Of an audit line: whom it is about, what happened, and the role."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one run of the demonstration led to."""

    answers: list[ReceiverResponse]
    """One for each chapter, in their order."""
    events: dict[str, tuple[str, str | None]]
    users: list[UserEntry]
    assignments: list[UserAssignment]
    trail: list[AuditEntry]
    counted_before: bool
    """Whether the role that ends was seen to count before its end."""
    replies: list[Reply]
    """What the API said, in the order of the questions."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A sentence, and whether it is true."""

    text: str
    holds: bool


def judge(scenario: Sequence[Step], people: Users, outcome: Outcome) -> list[Expectation]:
    """Every expectation of the demonstration against what happened."""
    return [
        *_deliveries(scenario, outcome),
        *_people(people, outcome),
        *_access(people, outcome),
        *_history(people, outcome),
        *_desk(people, outcome),
    ]


def said(answer: ReceiverResponse) -> str:
    """The one word of an answer's body."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return answer.text
    return str(body.get("status") or body.get("error")) if isinstance(body, dict) else answer.text


def _deliveries(scenario: Sequence[Step], outcome: Outcome) -> Iterator[Expectation]:
    for step, answer in zip(scenario, outcome.answers, strict=True):
        status, _ = outcome.events.get(step.svix_id, (None, None))
        fate = f"kept as {step.kept_as}" if step.kept_as else "not kept"
        holds = (answer.status, said(answer), status) == (step.status, step.answer, step.kept_as)
        yield Expectation(f"{step.title} is answered {step.status} {step.answer}, and {fate}", holds)


def _people(people: Users, outcome: Outcome) -> Iterator[Expectation]:
    users = {user.clerk_id: user for user in outcome.users}
    grace, zoe, mei = (users.get(clerk_id) for clerk_id in (people.grace, people.zoe, people.mei))
    yield Expectation(
        "the update changed the name",
        grace is not None and (grace.first_name, grace.last_name) == ("Grace", "Hill-Okafor"),
    )
    yield Expectation(
        "the overtaken creation changed nothing",
        zoe is not None and (zoe.first_name, zoe.last_name) == ("Zoé", "Ångström"),
    )
    gone = mei is not None and mei.deleted_at is not None and not (mei.first_name or mei.last_name or mei.email)
    yield Expectation("the deleted user stays as a tombstone that remembers no person", gone)
    strangers = {people.mallory, people.nobody} & users.keys()
    yield Expectation("nobody came in by a forged or unintelligible delivery", not strangers)


def _access(people: Users, outcome: Outcome) -> Iterator[Expectation]:
    def windows(clerk_id: str, role: str) -> list[tuple[bool, bool]]:
        """Of each assignment, whether it is held and whether it is active."""
        return [
            (each.assignment.held, each.assignment.is_active)
            for each in outcome.assignments
            if (each.clerk_id, each.assignment.role) == (clerk_id, role)
        ]

    for name, clerk_id in (("Grace", people.grace), ("Zoé", people.zoe)):
        held = windows(clerk_id, people.default_role) == [(True, True)]
        yield Expectation(f"{name} was given the default role once, and holds it", held)
    ended = windows(people.mei, people.default_role)
    yield Expectation("the deletion ended the deleted user's role", ended == [(False, False)])
    over = windows(people.grace, people.passing_role)
    yield Expectation("the role that ends counted until its time ran out", outcome.counted_before)
    yield Expectation("it no longer counts, and the calendar wrote that down", over == [(False, False)])


def _history(people: Users, outcome: Outcome) -> Iterator[Expectation]:
    told = [(line.clerk_user_id, line.action, line.role) for line in outcome.trail]
    once: list[tuple[str, list[Told]]] = [
        ("one line for each user that came, repeats and all", [(who, "user.created", None) for who in _came(people)]),
        ("one line for each default role", [(who, "role.assigned", people.default_role) for who in _came(people)]),
        ("one line for the role that ended by itself", [(people.grace, "role.expired", people.passing_role)]),
        ("one line for the deletion, and one for the role it ended", _farewell(people)),
    ]
    for text, lines in once:
        yield Expectation(f"the audit trail has {text}", all(told.count(line) == 1 for line in lines))
    causes = [line.cause for line in outcome.trail if line.actor == "clerk"]
    yield Expectation(
        "each line that Clerk caused names its delivery", all(cause in outcome.events for cause in causes)
    )


def _desk(people: Users, outcome: Outcome) -> Iterator[Expectation]:
    due: list[tuple[int, tuple[str, ...], str]] = [
        (200, ("LEARNER",), "with her role"),
        (401, (), "without a token"),
        (403, (), "without the role"),
        (201, ("MENTOR",), "and it is done"),
        (200, ("LEARNER", "MENTOR"), "with both roles"),
        (200, ("MENTOR",), "and it is done"),
        (200, ("LEARNER",), "without the role, at once"),
    ]
    for reply, (status, roles, what) in zip(outcome.replies, due, strict=True):
        holds = (reply.status, tuple(sorted(reply.roles))) == (status, roles)
        yield Expectation(f"{reply.asked}: {status}, {what}", holds)
    signed = [(line.action, line.role) for line in outcome.trail if line.actor == people.grace]
    yield Expectation(
        "the audit trail has a line for each of the admin's changes, in the admin's name",
        signed == [("role.assigned", "MENTOR"), ("role.revoked", "MENTOR")],
    )


def _came(people: Users) -> list[str]:
    return [people.grace, people.zoe, people.mei]


def _farewell(people: Users) -> list[Told]:
    return [(people.mei, "user.deleted", None), (people.mei, "role.revoked", people.default_role)]
