"""How many deletions may be applied within an hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk.user import Deletion
from sync.deletion_limits import DEFAULT_LIMITS, Limit, admitted, in_order
from tests.clerk_sender import moment


@pytest.mark.parametrize(
    ("living", "signed", "inferred"), [(0, 100, 20), (2_000, 100, 20), (2_020, 101, 20), (50_000, 2_500, 500)]
)
def test_the_limit_is_the_larger_of_a_number_and_a_percentage(living: int, signed: int, inferred: int) -> None:
    assert (DEFAULT_LIMITS.signed.most(living), DEFAULT_LIMITS.inferred.most(living)) == (signed, inferred)


@pytest.mark.parametrize(
    ("wanted", "counted", "passing"),
    [(0, 0, 0), (100, 0, 100), (101, 0, 100), (1, 99, 1), (1, 100, 0), (5, 98, 2), (7, 900, 0)],
)
def test_what_is_above_the_limit_is_not_admitted(wanted: int, counted: int, passing: int) -> None:
    assert admitted(wanted, counted, Limit(100, 5), lambda: 1_000) == passing


def test_the_living_are_counted_only_above_the_number_per_hour() -> None:
    def never() -> int:
        raise AssertionError

    assert admitted(100, 0, Limit(100, 5), never) == 100


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(0, 2_000), st.floats(0, 100))
def test_the_number_admitted_does_not_depend_on_how_deletions_are_divided(
    sets: list[int], people: int, percent: float
) -> None:
    limit, done = Limit(10, percent), 0
    people = max(people, sum(sets))
    for wanted in sets:
        done += admitted(wanted, done, limit, lambda: people - done)  # noqa: B023 - called at once
    assert done == min(sum(sets), limit.most(people))


def test_deletions_that_were_received_first_are_admitted_first() -> None:
    ada = Deletion(clerk_id="user_ada", at=moment(1), received_at=moment(9))
    bob = Deletion(clerk_id="user_bob", at=moment(5), received_at=moment(6))
    inferred = Deletion(clerk_id="user_cyd", at=moment(7))
    assert in_order([ada, bob, inferred]) == [bob, inferred, ada]
