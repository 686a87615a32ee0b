"""What Clerk says of a user is compared with what is stored: each class, and when a repair is proposed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clerk.user import NEVER, Deletion, Snapshot
from db.users import StoredUser
from reconcile import differences
from reconcile.differences import IN_FLIGHT, RECORDED, REPAIRABLE, REPLICA_LAG, Action, Class, Difference
from sync import fold
from tests.examples import examples

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=1)
VERSIONS = st.sampled_from(
    [NOW, NOW - IN_FLIGHT + timedelta(seconds=1), NOW - IN_FLIGHT, NOW - REPLICA_LAG, OLD, OLD - timedelta(days=1)]
)
STATED = st.builds(
    Snapshot,
    clerk_id=st.just("user_ada"),
    version=VERSIONS,
    email=st.sampled_from([None, "ada@example.com", "bea@example.com"]),
    email_verified=st.sampled_from([None, True, False]),
    first_name=st.sampled_from([None, "", "Ada", "Zoe"]),
    banned=st.booleans(),
    created_at=st.none() | VERSIONS,
)
SNAPSHOTS = STATED | STATED.map(lambda each: replace(each, banned=False, banned_as_of=NEVER))
"""Those that state whether the user is banned, and those that do not."""
STORED = st.lists(SNAPSHOTS | st.builds(Deletion, clerk_id=st.just("user_ada"), at=VERSIONS), max_size=3)
"""What was applied before, in any order."""
ALL = settings(max_examples=examples(2_000), deadline=None)


def said(version: datetime = OLD, **fields: object) -> Snapshot:
    """Clerk's snapshot."""
    return replace(Snapshot(clerk_id="user_ada", version=version, first_name="Ada"), **fields)  # type: ignore[arg-type]


def stored(state: fold.State) -> StoredUser:
    """A stored user."""
    return StoredUser(1, state, state.email if isinstance(state, Snapshot) else None)


def compared(snapshot: Snapshot, state: fold.State | None) -> Difference | None:
    return differences.compare(snapshot, stored(state) if state else None, NOW)


def kind(snapshot: Snapshot, state: fold.State | None) -> Class | None:
    found = compared(snapshot, state)
    return found.kind if found else None


LATER = timedelta(seconds=1)
RECENT = NOW - IN_FLIGHT + LATER
FUTURE = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("snapshot", "state", "expected"),
    [
        (said(), said(), None),
        (said(), None, Class.MISSED_CREATION),
        (said(RECENT), None, Class.LATE),
        (said(NOW + timedelta(minutes=5)), None, Class.LATE),
        (said(FUTURE), None, Class.MISSED_CREATION),
        (said(FUTURE, first_name="Grace"), said(), Class.MISSED_UPDATE),
        (said(FUTURE), Deletion(clerk_id="user_ada", at=OLD), Class.RETURNED),
        (said(NOW - IN_FLIGHT), None, Class.MISSED_CREATION),
        (said(OLD + LATER), said(), Class.TOUCHED),
        (said(OLD + LATER, first_name="Grace"), said(), Class.MISSED_UPDATE),
        (said(OLD + LATER, banned=True), said(), Class.MISSED_UPDATE),
        (said(RECENT, first_name="Grace"), said(), Class.LATE),
        (said(RECENT), said(), Class.TOUCHED),
        (said(first_name="Zoe"), said(), Class.DIFFERS),
        (said(first_name="Aaron"), said(), Class.DIFFERS),
        (said(RECENT, first_name="Zoe"), said(RECENT), Class.LATE),
        (said(), said(OLD + LATER), Class.AHEAD),
        (said(), said(OLD + LATER, first_name="Grace"), Class.AHEAD),
        (said(RECENT), said(RECENT + LATER), Class.AHEAD),
        (said(), Deletion(clerk_id="user_ada", at=OLD), Class.RETURNED),
        (said(NOW), Deletion(clerk_id="user_ada", at=OLD), Class.LATE),
        (said(), Deletion(clerk_id="user_ada", at=NOW - REPLICA_LAG), Class.RETURNED),
        (said(), Deletion(clerk_id="user_ada", at=NOW - REPLICA_LAG + LATER), Class.LATE),
    ],
)
def test_a_difference_is_named(snapshot: Snapshot, state: fold.State | None, expected: Class | None) -> None:
    assert kind(snapshot, state) == expected


@pytest.mark.parametrize(
    ("first_name", "action"), [("Zoe", Action.REPAIR), ("Aaron", Action.ALARM)], ids=["wins the tie", "loses the tie"]
)
def test_equal_versions_are_repaired_only_if_clerks_contents_win_the_tie(first_name: str, action: Action) -> None:
    found = compared(said(first_name=first_name), said())

    assert found is not None
    assert (found.action, found.fields) == (action, ("first_name",))


def test_a_ban_that_clerk_does_not_state_is_no_difference() -> None:
    banned = said(banned=True)

    assert kind(said(banned_as_of=NEVER), banned) is None
    assert kind(said(OLD + LATER, banned_as_of=NEVER), banned) is Class.TOUCHED


def test_the_fields_are_those_that_a_repair_would_change() -> None:
    found = compared(said(OLD + LATER, first_name="Grace", banned=True, email="a@b.c"), said())

    assert found is not None
    assert set(found.fields) == {"first_name", "banned", "email"}
    assert (found.our_version, found.clerk_version) == (OLD, OLD + LATER)


@pytest.mark.parametrize("repairable", sorted(REPAIRABLE))
def test_a_user_with_a_pending_event_is_left_to_it(repairable: Class) -> None:
    found = Difference(clerk_id="user_ada", kind=repairable)

    assert differences.awaiting(found, {"user_ada"}).kind is Class.UNAPPLIED
    assert differences.awaiting(found, {"user_bea"}).kind is repairable


@pytest.mark.parametrize("waiting", [Class.ABSENT, Class.AHEAD, Class.RETURNED, Class.TOUCHED, Class.LATE])
def test_a_pending_event_explains_no_other_class(waiting: Class) -> None:
    assert differences.awaiting(Difference(clerk_id="user_ada", kind=waiting), {"user_ada"}).kind is waiting


def test_what_ends_by_itself_is_not_recorded() -> None:
    assert set(Class) - RECORDED == {Class.TOUCHED, Class.LATE, Class.UNAPPLIED}
    assert {each for each in Class if differences.ACTIONS[each] is Action.REPAIR} <= REPAIRABLE <= RECORDED


def without_version(state: fold.State | None) -> fold.State | None:
    """The state without what moves at each sign-in."""
    if not isinstance(state, Snapshot):
        return state
    return replace(state, version=OLD, banned_as_of=None)


@ALL
@given(snapshot=SNAPSHOTS, before=STORED)
def test_a_repair_is_proposed_exactly_if_it_would_change_something_that_no_webhook_may_still_change(
    snapshot: Snapshot, before: list[fold.State]
) -> None:
    state = fold.fold(before).get("user_ada")
    after = fold.later(state, snapshot) if state else snapshot
    changes = without_version(after) != without_version(state)
    found = compared(snapshot, state)

    proposes = found is not None and found.action is Action.REPAIR
    ahead = isinstance(state, Snapshot) and snapshot.version < state.version
    assert proposes == (changes and not ahead and NOW - snapshot.version >= IN_FLIGHT)


@ALL
@given(snapshot=SNAPSHOTS, before=STORED)
def test_after_a_repair_nothing_is_left_to_repair(snapshot: Snapshot, before: list[fold.State]) -> None:
    state = fold.fold(before).get("user_ada")
    after = fold.later(state, snapshot) if state else snapshot

    found = compared(snapshot, after)

    assert found is None or found.action is not Action.REPAIR


@ALL
@given(snapshot=SNAPSHOTS, before=STORED)
def test_what_force_stores_does_not_differ(snapshot: Snapshot, before: list[fold.State]) -> None:
    state = fold.fold(before).get("user_ada")
    after = fold.forced(state, snapshot) if state else snapshot

    assert isinstance(after, Deletion) or kind(snapshot, after) is None


@ALL
@given(snapshot=SNAPSHOTS, before=STORED)
def test_a_user_without_a_difference_has_clerks_contents(snapshot: Snapshot, before: list[fold.State]) -> None:
    state = fold.fold(before).get("user_ada")

    if compared(snapshot, state) is None:
        assert isinstance(state, Snapshot)
        told = ("version", "banned", "banned_as_of") if snapshot.banned_as_of == NEVER else ("banned_as_of",)
        assert replace(state, **{name: getattr(snapshot, name) for name in told}) == snapshot
