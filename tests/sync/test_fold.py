import itertools
import random
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk.user import NEVER, Deletion, Snapshot
from db.users import StoredUser, UserWrite
from sync import fold
from sync.fold import State
from tests.clerk_sender import moment

EAST = timezone(timedelta(hours=5, minutes=45))
# Few values, so that ties and collisions are the rule.
IDS = st.sampled_from(["user_ada", "user_bea", "user_cyd"])
EMAILS = st.sampled_from([None, "ada@example.com", "ADA@example.com", "bea@example.com"])
MOMENTS = st.integers(0, 3).map(moment)
SNAPSHOTS = st.builds(
    Snapshot,
    clerk_id=IDS,
    version=MOMENTS,
    email=EMAILS,
    email_verified=st.sampled_from([None, True, False]),
    first_name=st.sampled_from([None, "", "Ada"]),
    banned=st.booleans(),
    created_at=st.none() | MOMENTS,
) | st.builds(
    Snapshot,
    clerk_id=IDS,
    version=MOMENTS,
    email=EMAILS,
    email_verified=st.sampled_from([None, True, False]),
    banned_as_of=st.just(NEVER),
)
STATES: st.SearchStrategy[State] = SNAPSHOTS | st.builds(Deletion, clerk_id=IDS, at=MOMENTS)
OF_ADA = STATES.filter(lambda state: state.clerk_id == "user_ada")


def said(clerk_id: str, at: int, email: str | None = None, **more: object) -> Snapshot:
    """A snapshot at `at`."""
    return Snapshot(clerk_id=clerk_id, version=moment(at), email=email, **more)  # type: ignore[arg-type]


def without_ban(state: State) -> State:
    """The state, as if it said nothing of a ban."""
    return replace(state, banned=False, banned_as_of=NEVER) if isinstance(state, Snapshot) else state


def ban(state: State) -> object:
    """What the state says of a ban, and in which version."""
    return (state.banned_as_of or state.version, state.banned) if isinstance(state, Snapshot) else None


@given(one=OF_ADA, other=OF_ADA)
def test_later_is_commutative(one: State, other: State) -> None:
    assert fold.later(one, other) == fold.later(other, one)


@given(one=OF_ADA, two=OF_ADA, three=OF_ADA)
def test_later_is_associative(one: State, two: State, three: State) -> None:
    assert fold.later(fold.later(one, two), three) == fold.later(one, fold.later(two, three))


@given(one=OF_ADA, other=OF_ADA)
def test_later_is_idempotent_and_says_nothing_that_neither_of_the_two_says(one: State, other: State) -> None:
    assert fold.later(one, one) == one
    true = fold.later(one, other)
    assert without_ban(true) in (without_ban(one), without_ban(other))
    assert ban(true) in (ban(one), ban(other))


@given(one=OF_ADA, other=OF_ADA)
def test_what_is_true_absorbs_what_decided_it(one: State, other: State) -> None:
    true = fold.later(one, other)
    assert fold.later(true, one) == fold.later(true, other) == true
    assert fold.decided(one, true) or fold.decided(other, true)


def test_the_newer_snapshot_counts() -> None:
    old, new = said("user_ada", 1, "old@example.com"), said("user_ada", 2, "new@example.com")
    assert fold.later(new, old) == new


@given(one=SNAPSHOTS, other=SNAPSHOTS)
def test_in_a_tie_a_ban_wins_whatever_else_is_said(one: Snapshot, other: Snapshot) -> None:
    banned = replace(one, clerk_id="user_ada", version=moment(1), banned=True, banned_as_of=None)
    free = replace(other, clerk_id="user_ada", version=moment(1), banned=False, banned_as_of=None)
    assert fold.later(banned, free) == fold.later(free, banned)
    assert ban(fold.later(banned, free)) == (moment(1), True)


@pytest.mark.parametrize("stated", [True, False])
def test_a_snapshot_that_does_not_state_a_ban_leaves_what_was_stated_last(stated: bool) -> None:
    old = said("user_ada", 1, first_name="Ada", banned=stated)
    silent = said("user_ada", 2, first_name="Augusta", banned_as_of=NEVER)
    newest = said("user_ada", 2, first_name="Augusta", banned=stated, banned_as_of=moment(1))
    assert fold.later(old, silent) == fold.later(silent, old) == newest


def test_a_ban_stated_between_two_silent_snapshots_counts_in_every_order() -> None:
    states: list[State] = [
        said("user_ada", 1, banned_as_of=NEVER),
        said("user_ada", 2, banned=True),
        said("user_ada", 3, banned_as_of=NEVER),
    ]
    ends = {str(applied(*([state] for state in order))) for order in itertools.permutations(states)}
    true = said("user_ada", 3, banned=True, banned_as_of=moment(2))
    assert ends == {str({"user_ada": UserWrite(true, None)})}


def test_a_person_who_insists_on_a_silent_snapshot_does_not_lift_a_ban() -> None:
    known, told = said("user_ada", 5, banned=True), said("user_ada", 1, first_name="Ada", banned_as_of=NEVER)
    assert fold.forced(known, told) == replace(told, banned=True, banned_as_of=moment(5))
    stated = said("user_ada", 1, banned=False)
    assert fold.forced(known, stated) == stated


def test_a_tie_breaks_the_same_way_whatever_zone_its_times_are_written_in() -> None:
    ann, bob = (said("user_ada", 1, first_name=first_name) for first_name in ("Ann", "Bob"))
    ann_abroad, bob_abroad = (replace(one, version=one.version.astimezone(EAST)) for one in (ann, bob))
    assert fold.later(ann, bob_abroad) == fold.later(bob_abroad, ann) == bob_abroad
    assert fold.later(ann_abroad, bob) == fold.later(bob, ann_abroad) == bob


def test_a_deletion_counts_above_every_snapshot_before_or_after_it() -> None:
    gone = Deletion(clerk_id="user_ada", at=moment(5))
    assert fold.later(said("user_ada", 1), gone) == gone
    assert fold.later(gone, said("user_ada", 9)) == gone


def test_of_two_deletions_the_earlier_counts() -> None:
    first, second = (Deletion(clerk_id="user_ada", at=moment(at)) for at in (1, 2))
    assert fold.later(second, first) == first


def test_the_newest_of_the_living_holds_a_claimed_address_whatever_its_case() -> None:
    states = [said("user_ada", 2, "ada@example.com"), said("user_bea", 3, "ADA@EXAMPLE.COM"), said("user_cyd", 1, None)]
    assert fold.holders(states) == {"ada@example.com": "user_bea"}


def test_a_tie_for_an_address_breaks_by_id_in_every_order() -> None:
    states = [said(clerk_id, 1, "ada@example.com") for clerk_id in ("user_ada", "user_bea", "user_cyd")]
    assert {fold.holders(order)["ada@example.com"] for order in itertools.permutations(states)} == {"user_cyd"}


def test_a_verified_claim_goes_before_a_newer_one_that_is_not() -> None:
    states = [
        said("user_ada", 1, "office@example.com", email_verified=True),
        said("user_bea", 2, "office@example.com", email_verified=False),
    ]
    assert fold.holders(states) == {"office@example.com": "user_ada"}
    assert fold.holders(states[1:]) == {"office@example.com": "user_bea"}


def test_a_claim_of_which_it_is_not_known_counts_as_verified() -> None:
    states = [said("user_ada", 1, "a@example.com"), said("user_bea", 2, "a@example.com", email_verified=False)]
    assert fold.holders(states) == {"a@example.com": "user_ada"}


def test_a_banned_user_holds_no_address() -> None:
    states = [said("user_ada", 1, "a@example.com"), said("user_bea", 2, "a@example.com", banned=True)]
    assert fold.holders(states) == {"a@example.com": "user_ada"}
    assert fold.holders(states[1:]) == {}


def test_a_ban_gives_the_address_away_and_its_end_brings_it_back() -> None:
    ledger = Ledger()
    ledger.apply(said("user_ada", 1, "a@example.com"), said("user_bea", 2, "a@example.com"))
    ledger.apply(said("user_bea", 3, "a@example.com", banned=True))
    assert {clerk_id: holding.email for clerk_id, holding in ledger.seen.items()} == {
        "user_ada": "a@example.com",
        "user_bea": None,
    }
    ledger.apply(said("user_bea", 4, "a@example.com", banned=False))
    assert {clerk_id: holding.email for clerk_id, holding in ledger.seen.items()} == {
        "user_ada": None,
        "user_bea": "a@example.com",
    }


def test_only_ascii_letters_are_alike_in_both_cases() -> None:
    states = [said("user_ada", 1, "Ä@example.com"), said("user_bea", 2, "ä@example.com")]
    assert set(fold.holders(states).values()) == {"user_ada", "user_bea"}


@given(states=st.lists(STATES), shuffle=st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_change_what_is_folded_and_who_holds(
    states: list[State], shuffle: random.Random
) -> None:
    again = states + states[::2]
    shuffle.shuffle(again)
    assert fold.fold(again) == fold.fold(states)
    assert fold.holders(fold.fold(again).values()) == fold.holders(fold.fold(states).values())


class Ledger:
    """The users table in a list: what `decide` says is done, by the rules that the database has for it."""

    def __init__(self) -> None:
        self.users: dict[str, StoredUser] = {}
        self.deletions: list[int] = []

    def apply(self, *states: State) -> None:
        """Apply a set as a transaction does that locked every user."""
        decision = fold.decide(list(self.users.values()), fold.fold(states))
        for holding in decision.changed + decision.added:
            known = self.users.get(holding.state.clerk_id)
            row_id = known.id if known else len(self.users) + 1
            self.users[holding.state.clerk_id] = StoredUser(row_id, holding.state, holding.email)
        self.deletions += decision.deleted

    @property
    def seen(self) -> dict[str, UserWrite]:
        """What each row says."""
        return {clerk_id: UserWrite(user.state, user.email) for clerk_id, user in sorted(self.users.items())}


def applied(*sets: list[State]) -> dict[str, UserWrite]:
    """What the table says after these sets, one after another."""
    ledger = Ledger()
    for states in sets:
        ledger.apply(*states)
    return ledger.seen


# An address goes from Ada to Bea to Cyd, who is deleted; Bea still claims it.
MOVES: list[State] = [
    said("user_ada", 1, "office@example.com"),
    said("user_bea", 2, "bea@example.com"),
    said("user_ada", 3, None),
    said("user_bea", 4, "Office@example.com"),
    said("user_cyd", 5, "office@EXAMPLE.com"),
    Deletion(clerk_id="user_cyd", at=moment(6)),
]
LIFE: list[State] = [
    said("user_ada", 1, "ada@example.com"),
    said("user_ada", 2, "lovelace@example.com"),
    said("user_ada", 2, "tie@example.com"),
    said("user_ada", 3, "ada@example.com", banned=True),
    Deletion(clerk_id="user_ada", at=moment(4)),
]


def test_every_order_of_a_short_life_ends_the_same_one_event_at_a_time() -> None:
    ends = {str(applied(*([state] for state in order))) for order in itertools.permutations(LIFE)}
    assert ends == {str({"user_ada": UserWrite(LIFE[-1], None)})}


def test_every_order_of_a_living_life_with_repeats_ends_the_same() -> None:
    orders = set(itertools.permutations([*range(4), *range(4)][:7]))
    ends = {str(applied(*([LIFE[number]] for number in order))) for order in orders}
    assert ends == {str({"user_ada": UserWrite(LIFE[3], None)})}


def test_every_order_in_which_an_address_moves_among_three_users_ends_with_its_last_living_claimant() -> None:
    orders = list(itertools.permutations(MOVES))
    ends = {str(applied(*([state] for state in order))) for order in orders}
    pairs = {str(applied(list(order[:2]), list(order[2:4]), list(order[4:]))) for order in orders}
    orderly = applied(MOVES)
    assert ends == pairs == {str(orderly)}
    assert {clerk_id: holding.email for clerk_id, holding in orderly.items()} == {
        "user_ada": None,
        "user_bea": "Office@example.com",
        "user_cyd": None,
    }


def test_an_address_that_one_takes_and_drops_again_returns_to_who_still_claims_it() -> None:
    states: list[State] = [
        said("user_ada", 1, "office@example.com"),
        said("user_bea", 2, "office@example.com"),
        said("user_bea", 3, None),
    ]
    ends = {str(applied(*([state] for state in order))) for order in itertools.permutations(states)}
    assert len(ends) == 1
    assert applied(states)["user_ada"].email == "office@example.com"


@given(
    states=st.lists(STATES, max_size=12), sizes=st.lists(st.integers(1, 4)), shuffle=st.randoms(use_true_random=False)
)
def test_any_order_in_sets_of_any_size_ends_as_one_set(
    states: list[State], sizes: list[int], shuffle: random.Random
) -> None:
    disorder = iter(shuffle.sample(states, len(states)))
    sets = [list(itertools.islice(disorder, size)) for size in sizes]
    assert applied(*sets, list(disorder)) == applied(states)


def test_a_set_without_news_decides_nothing() -> None:
    ada = StoredUser(1, said("user_ada", 2, "ada@example.com"), "ada@example.com")
    older = said("user_ada", 1, "older@example.com")
    decision = fold.decide([ada], fold.fold([older, ada.state]))
    assert (decision.released, decision.changed, decision.added, decision.deleted) == ([], [], [], {})
    assert decision.contested == set()


def test_a_user_departs_once() -> None:
    ledger = Ledger()
    gone = Deletion(clerk_id="user_ada", at=moment(5))
    for states in ([said("user_ada", 1)], [gone], [gone], [Deletion(clerk_id="user_ada", at=moment(4))]):
        ledger.apply(*states)
    assert ledger.deletions == [1]


@pytest.mark.parametrize(
    ("at", "received_at", "end"),
    [(2, 9, 2), (5, 9, 5), (1, 9, 9), (1, 1, 2), (1, None, None), (2, None, 2)],
)
def test_roles_end_with_the_user_but_never_before_a_snapshot_that_shows_the_user_alive(
    at: int, received_at: int | None, end: int | None
) -> None:
    ada = StoredUser(1, said("user_ada", 2), None)
    heard = None if received_at is None else moment(received_at)
    decision = fold.decide([ada], {"user_ada": Deletion(clerk_id="user_ada", at=moment(at), received_at=heard)})
    assert decision.deleted == {1: None if end is None else moment(end)}
    assert decision.changed[0].state == Deletion(clerk_id="user_ada", at=moment(at))
