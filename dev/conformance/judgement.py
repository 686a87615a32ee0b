"""Judges the outcome of a scenario: the answers, and with an observer the stored users."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dev.conformance.observer import StoredUser
from dev.conformance.scenario import Answer, Gone, Scenario, Step, Steps, Stored

Rows = Mapping[str, set[str]]
"""The ids of the rows in which each user was seen, by Clerk id."""


class Verdict(StrEnum):
    """How a scenario ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It does not apply to the receiver."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one scenario."""

    name: str
    sentence: str
    verdict: Verdict
    expected: str
    seen: str
    problem: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Observations of a scenario: the answers to each step and, with an observer, the stored users by Clerk id."""

    answers: Sequence[Sequence[Answer]]
    retried: bool = False
    """Whether deliveries that were not accepted were sent again."""
    users: Mapping[str, StoredUser | None] | None = None
    rows: Rows | None = None


def judge(scenario: Scenario, steps: Steps, observed: Observed) -> Result:
    """Compare what was seen with what is expected."""
    problems = [*_answers(steps.steps, observed), *_users(steps.leaves, observed)]
    return Result(
        scenario.name,
        scenario.sentence,
        Verdict.FAILED if problems else Verdict.PASSED,
        ", ".join(dict.fromkeys(step.expected.value for step in steps.steps)),
        seen(observed),
        "; ".join(dict.fromkeys(problems)),
    )


def seen(observed: Observed) -> str:
    """The answers in short, such as `202, 202` or `401 x14`."""
    counts = Counter(str(answer) for answers in observed.answers for answer in answers)
    texts = [text if count == 1 else f"{text} x{count}" for text, count in counts.items()]
    return ", ".join(texts) + (" after retries" if observed.retried else "")


def _answers(steps: Sequence[Step], observed: Observed) -> Iterator[str]:
    for step, answers in zip(steps, observed.answers, strict=True):
        for answer in answers:
            if not step.expected.allows(answer):
                yield f"{answer} instead of {step.expected.value}"


def _users(leaves: Sequence[Stored | Gone], observed: Observed) -> Iterator[str]:
    if observed.users is None:
        return
    for expected in leaves:
        yield from _user(expected, observed.users[expected.clerk_id])
    if observed.rows and _shared(observed.rows):
        yield "the row of one user became another user's"


def _user(expected: Stored | Gone, found: StoredUser | None) -> Iterator[str]:
    present = found is not None and found.present
    if isinstance(expected, Gone):
        if present:
            yield "a user is stored that should not be"
    elif found is None or not present:
        yield "the user is not stored" if found is None else "the user is marked as deleted"
    else:
        for name, value in expected.fields.items():
            if (stored := getattr(found, name)) != value:
                yield f"{name} is {stored!r} instead of {value!r}" if stored is not None else f"{name} is not stored"


def _shared(rows: Rows) -> bool:
    every = [row for found in rows.values() for row in found]
    return len(every) != len(set(every))
