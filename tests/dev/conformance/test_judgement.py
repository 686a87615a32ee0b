"""What counts as passed: answers, stored users, and rows that stay with their users."""

import pytest

from dev.conformance.judgement import Observed, Result, Verdict, judge
from dev.conformance.observer import StoredUser
from dev.conformance.scenario import CLOSED, Answer, Expected, Gone, Scenario, Sender, Step, Steps, Stored
from dev.conformance.signing import Request

ADA = StoredUser("1", True, "ada@example.com", "Ada", "Lovelace", False)
REQUEST = Request(b"", ())


def judged(steps: Steps, *answers: Answer, users: dict[str, StoredUser | None] | None = None) -> Result:
    def build(_: Sender) -> Steps:
        return steps

    rows = {clerk_id: {found.row} for clerk_id, found in (users or {}).items() if found}
    observed = Observed([[answer] for answer in answers], users=users, rows=rows)
    return judge(Scenario("name", "Sentence.", build), steps, observed)


@pytest.mark.parametrize(
    ("expected", "right", "wrong"),
    [
        (Expected.ACCEPTED, [200, 202, 204], [301, 400, 500, None]),
        (Expected.REFUSED, [400, 401, 413], [200, 302, 500, None]),
        (Expected.HANDLED, [200, 202, 400, 404], [301, 500, 503, None]),
    ],
)
def test_an_answer_is_judged_by_the_class_of_its_status(
    expected: Expected, right: list[int | None], wrong: list[int | None]
) -> None:
    assert [status for status in right if not expected.allows(Answer(status))] == []
    assert [status for status in wrong if expected.allows(Answer(status))] == []


def test_only_a_body_over_a_limit_may_be_met_with_a_closed_connection() -> None:
    closed = Answer(None, CLOSED)
    assert [each for each in Expected if each.allows(closed)] == [Expected.REFUSED_OR_CLOSED]
    assert not Expected.REFUSED_OR_CLOSED.allows(Answer(None, "no answer in 15 s"))


def test_a_wrong_answer_is_named_with_the_expected_one() -> None:
    found = judged(Steps([Step(REQUEST, Expected.REFUSED)]), Answer(200))
    assert (found.verdict, found.seen, found.problem) == (Verdict.FAILED, "200", "200 instead of 4xx")


@pytest.mark.parametrize(
    ("expected", "found", "problem"),
    [
        (Stored("user_ada", {"first_name": "Ada"}), ADA, ""),
        (Stored("user_ada", {"first_name": "Eve"}), ADA, "first_name is 'Ada' instead of 'Eve'"),
        (Stored("user_ada"), None, "the user is not stored"),
        (Gone("user_ada"), None, ""),
        (Gone("user_ada"), ADA, "a user is stored that should not be"),
    ],
)
def test_a_stored_user_is_compared_with_the_expected_one(
    expected: Stored | Gone, found: StoredUser | None, problem: str
) -> None:
    assert judged(Steps([], [expected]), users={"user_ada": found}).problem == problem


def test_stored_users_are_not_judged_without_an_observer() -> None:
    assert judged(Steps([], [Stored("user_ada")])).verdict is Verdict.PASSED


def test_a_row_that_passes_to_another_user_is_found() -> None:
    bob = StoredUser("1", True, "bob@example.com", "Bob", None, False)
    found = judged(Steps([], [Stored("user_ada"), Stored("user_bob")]), users={"user_ada": ADA, "user_bob": bob})
    assert found.problem == "the row of one user became another user's"
