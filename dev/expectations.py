"""The expectations of the demonstration, checked after its run."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from db.audit import AuditEntry
from db.user_search import UserEntry
from dev.api_checks import Reply
from dev.delivery import ReceiverResponse
from dev.persons import Followed
from dev.queries import UserAssignment
from dev.scenario import Step, Users

AuditKey: TypeAlias = tuple[str | None, str, str | None]
"""User id, action and role of an audit line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The results of one run of the demonstration."""

    answers: list[ReceiverResponse]
    """One for each step, in order."""
    events: dict[str, tuple[str, str | None]]
    users: list[UserEntry]
    assignments: list[UserAssignment]
    trail: list[AuditEntry]
    held_before: bool
    """Whether the temporary role was held before its end."""
    replies: list[Reply]
    """The API's answers, in the order of the requests."""
    followed: list[Followed]
    """What the API answers persons who change at Clerk."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A statement, and whether it holds."""

    text: str
    holds: bool


def check(scenario: Sequence[Step], users: Users, outcome: Outcome) -> list[Expectation]:
    """Check every expectation of the demonstration against its outcome."""
    return [
        *_deliveries(scenario, outcome),
        *_users(users, outcome),
        *_access(users, outcome),
        *_history(users, outcome),
        *_api(users, outcome),
        *_persons(outcome),
    ]


def answer_word(answer: ReceiverResponse) -> str:
    """The status or error word in an answer's body."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return answer.text
    return str(body.get("status") or body.get("error")) if isinstance(body, dict) else answer.text


def _deliveries(scenario: Sequence[Step], outcome: Outcome) -> Iterator[Expectation]:
    for step, answer in zip(scenario, outcome.answers, strict=True):
        status, _ = outcome.events.get(step.svix_id, (None, None))
        stored = f"stored as {step.stored_as}" if step.stored_as else "not stored"
        holds = (answer.status, answer_word(answer), status) == (step.status, step.answer, step.stored_as)
        yield Expectation(f"{step.title} is answered {step.status} {step.answer}, and {stored}", holds)


def _users(users: Users, outcome: Outcome) -> Iterator[Expectation]:
    found = {user.clerk_id: user for user in outcome.users}
    grace, zoe, mei = (found.get(clerk_id) for clerk_id in (users.grace, users.zoe, users.mei))
    yield Expectation(
        "the update changed the name",
        grace is not None and (grace.first_name, grace.last_name) == ("Grace", "Hill-Okafor"),
    )
    yield Expectation(
        "the creation that arrived after its update changed nothing",
        zoe is not None and (zoe.first_name, zoe.last_name) == ("Zoé", "Ångström"),
    )
    gone = mei is not None and mei.deleted_at is not None and not (mei.first_name or mei.last_name or mei.email)
    yield Expectation("the deleted user is a tombstone without personal data", gone)
    unexpected = {users.mallory, users.unversioned} & found.keys()
    yield Expectation("no user was created by the forged or the invalid delivery", not unexpected)


def _access(users: Users, outcome: Outcome) -> Iterator[Expectation]:
    def windows(clerk_id: str, role: str) -> list[tuple[bool, bool]]:
        """Of each assignment, whether it is held and whether it is active."""
        return [
            (each.assignment.held, each.assignment.is_active)
            for each in outcome.assignments
            if (each.clerk_id, each.assignment.role) == (clerk_id, role)
        ]

    for name, clerk_id in (("Grace", users.grace), ("Zoé", users.zoe)):
        held = windows(clerk_id, users.default_role) == [(True, True)]
        yield Expectation(f"{name} was assigned the default role once, and holds it", held)
    ended = windows(users.mei, users.default_role)
    yield Expectation("the deletion ended the deleted user's role", ended == [(False, False)])
    expired = windows(users.grace, users.temporary_role)
    yield Expectation("the temporary role was held until its end", outcome.held_before)
    yield Expectation("it is no longer held, and the expiry task recorded that", expired == [(False, False)])


def _history(users: Users, outcome: Outcome) -> Iterator[Expectation]:
    recorded = [(line.clerk_user_id, line.action, line.role) for line in outcome.trail]
    once: list[tuple[str, list[AuditKey]]] = [
        (
            "one line for each created user, despite the duplicate",
            [(clerk_id, "user.created", None) for clerk_id in _created(users)],
        ),
        (
            "one line for each default role",
            [(clerk_id, "role.assigned", users.default_role) for clerk_id in _created(users)],
        ),
        ("one line for the role that expired", [(users.grace, "role.expired", users.temporary_role)]),
        ("one line for the deletion, and one for the role it ended", _deletion(users)),
    ]
    for text, lines in once:
        yield Expectation(f"the audit trail has {text}", all(recorded.count(line) == 1 for line in lines))
    causes = [line.cause for line in outcome.trail if line.actor == "clerk"]
    yield Expectation(
        "each line caused by Clerk has the id of its delivery", all(cause in outcome.events for cause in causes)
    )


def _api(users: Users, outcome: Outcome) -> Iterator[Expectation]:
    expected: list[tuple[int, tuple[str, ...], str]] = [
        (200, ("LEARNER",), "with her role"),
        (401, (), "no valid token"),
        (403, (), "role missing"),
        (201, ("MENTOR",), "assigned"),
        (200, ("LEARNER", "MENTOR"), "with both roles"),
        (200, ("MENTOR",), "revoked"),
        (200, ("LEARNER",), "without the role, immediately"),
    ]
    for reply, (status, roles, what) in zip(outcome.replies, expected, strict=True):
        holds = (reply.status, tuple(sorted(reply.roles))) == (status, roles)
        yield Expectation(f"{reply.request}: {status}, {what}", holds)
    by_admin = [(line.action, line.role) for line in outcome.trail if line.actor == users.grace]
    yield Expectation(
        "the audit trail has a line for each change by the admin, with the admin as the actor",
        by_admin == [("role.assigned", "MENTOR"), ("role.revoked", "MENTOR")],
    )


def _persons(outcome: Outcome) -> Iterator[Expectation]:
    for each in outcome.followed:
        yield Expectation(f"at Clerk, {each.reply.request}; the API answers accordingly", each.holds)


def _created(users: Users) -> list[str]:
    return [users.grace, users.zoe, users.mei]


def _deletion(users: Users) -> list[AuditKey]:
    return [(users.mei, "user.deleted", None), (users.mei, "role.revoked", users.default_role)]
