"""What applying a snapshot does is known before, so that users who are unchanged need not be applied."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clerk.user import NEVER, Deletion, Snapshot
from db.users import StoredUser
from reconcile import comparison
from reconcile.comparison import CHANGES, Effect
from sync import fold
from sync.fold import State
from tests.examples import examples

VERSIONS = st.sampled_from([datetime(2025, 1, day, tzinfo=UTC) for day in (1, 2, 3)])
SNAPSHOTS = st.builds(
    Snapshot,
    clerk_id=st.just("user_ada"),
    version=VERSIONS,
    email_verified=st.sampled_from([None, True]),
    first_name=st.sampled_from([None, "Ada", "Zoe"]),
    banned=st.booleans(),
    banned_as_of=st.sampled_from([None, NEVER]),
)
STATES = SNAPSHOTS | st.builds(Deletion, clerk_id=st.just("user_ada"), at=VERSIONS)
OLD = Snapshot(clerk_id="user_ada", version=datetime(2025, 1, 1, tzinfo=UTC), first_name="Ada")
NEW = Snapshot(clerk_id="user_ada", version=OLD.version + timedelta(seconds=1), first_name="Ada")
ALL = settings(max_examples=examples(2_000), deadline=None)


def stored(state: State) -> StoredUser:
    return StoredUser(1, state, None)


@pytest.mark.parametrize(
    ("snapshot", "known", "effect"),
    [
        (OLD, None, Effect.CREATED),
        (NEW, OLD, Effect.UPDATED),
        (OLD, OLD, Effect.UNCHANGED),
        (OLD, NEW, Effect.UNCHANGED),
        (NEW, Deletion(clerk_id="user_ada", at=OLD.version), Effect.DELETED),
    ],
)
def test_each_effect(snapshot: Snapshot, known: State | None, effect: Effect) -> None:
    assert comparison.effect(snapshot, stored(known) if known else None) is effect


def test_an_older_snapshot_that_states_a_ban_of_which_nothing_was_known_is_applied() -> None:
    known = Snapshot(clerk_id="user_ada", version=NEW.version, banned_as_of=NEVER)
    banned = Snapshot(clerk_id="user_ada", version=OLD.version, banned=True)
    assert comparison.effect(banned, stored(known)) is Effect.UPDATED


@given(snapshot=SNAPSHOTS, known=STATES)
@ALL
def test_a_snapshot_has_an_effect_if_the_state_that_results_is_another_one(snapshot: Snapshot, known: State) -> None:
    changes = comparison.effect(snapshot, stored(known)) in CHANGES
    assert changes == (fold.later(known, snapshot) != known)


@given(snapshot=SNAPSHOTS, known=STATES, meanwhile=st.lists(STATES, max_size=3))
@ALL
def test_a_snapshot_without_effect_has_none_after_other_changes_either(
    snapshot: Snapshot, known: State, meanwhile: list[State]
) -> None:
    now = reduce(fold.later, meanwhile, known)
    if comparison.effect(snapshot, stored(known)) not in CHANGES:
        assert fold.later(now, snapshot) == now
