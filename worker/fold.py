"""Decides what a set of events makes true. Pure: values in, values out.

A user's state only ever grows: of two snapshots the newer counts, a deletion counts above every snapshot, and of two
deletions the earlier. `later` is therefore associative, commutative and idempotent, and any order and any repetition of
the same events ends in the same state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeAlias

from clerk.user import Deletion, Snapshot
from db.users import Holding, Stored, email_key

State: TypeAlias = Snapshot | Deletion

_FIELDS = [field.name for field in fields(Snapshot)]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write, in this order."""

    released: list[int]
    """Row ids of users that hold their e-mail address no longer."""
    changed: list[Holding]
    """Users that are there and become other than they are."""
    added: list[Holding]
    """Users never seen before; some may be gone already."""
    departed: dict[int, datetime]
    """Row ids of users that are gone from now on, and since when."""
    contested: set[str]
    """E-mail keys whose holder was decided; sound only if every user that claims one of them was given."""


def later(one: State, other: State) -> State:
    """Which of two things known of a user is true now."""
    if isinstance(one, Deletion) and isinstance(other, Deletion):
        return one if one.at <= other.at else other
    if isinstance(one, Snapshot) and isinstance(other, Snapshot):
        return one if _rank(one) >= _rank(other) else other
    return one if isinstance(one, Deletion) else other


def insisted(known: State, told: State) -> State:
    """What is true when a person insists on what was told: an older snapshot too, but nobody is brought back."""
    both_living = isinstance(known, Snapshot) and isinstance(told, Snapshot)
    return told if both_living else later(known, told)


def _rank(snapshot: Snapshot) -> tuple[Any, ...]:
    """Orders snapshots by version; equal versions by all that they say, so that a tie breaks the same way always.

    A ban comes first: nobody may choose a name that outranks it.
    """
    said = (getattr(snapshot, name) for name in _FIELDS)
    return (snapshot.version, snapshot.banned, *((value is not None, "" if value is None else value) for value in said))


def fold(states: Iterable[State]) -> dict[str, State]:
    """What is true of each user, by Clerk's id, of all that was said."""
    true: dict[str, State] = {}
    for state in states:
        known = true.get(state.clerk_id)
        true[state.clerk_id] = state if known is None else later(known, state)
    return true


def claim(state: State | None) -> str | None:
    """The key of the e-mail address that a user claims, if living."""
    return email_key(state.email) if isinstance(state, Snapshot) and state.email else None


def holders(states: Iterable[State]) -> dict[str, str]:
    """Who holds each claimed address, by its key: of the living users that claim it, the one last heard of."""
    holding: dict[str, Snapshot] = {}
    for state in states:
        key = claim(state)
        if key is None or not isinstance(state, Snapshot):
            continue
        rival = holding.get(key)
        if rival is None or (rival.version, rival.clerk_id) < (state.version, state.clerk_id):
            holding[key] = state
    return {key: snapshot.clerk_id for key, snapshot in holding.items()}


def entangled(stored: Iterable[Stored], incoming: Mapping[str, State], held: Mapping[str, str | None]) -> set[str]:
    """Of whom nothing can be decided without users that somebody else holds, given with the addresses they claim.

    Those users themselves, and whoever claims one of their addresses or did so before.
    """
    keys = set(held.values()) - {None}
    claimed = [(user.state.clerk_id, user.state) for user in stored] + list(incoming.items())
    return {clerk_id for clerk_id, state in claimed if clerk_id in held or claim(state) in keys}


def decide(
    stored: Sequence[Stored], incoming: Mapping[str, State], settle: Callable[[State, State], State] = later
) -> Decision:
    """What a set of events makes of the users stored, which are those of the set and all that claim their addresses.

    `settle` says what is true of a user, of what is stored and what comes in.
    """
    before = {user.state.clerk_id: user for user in stored}
    after = {clerk_id: user.state for clerk_id, user in before.items()} | {
        clerk_id: settle(before[clerk_id].state, state) if clerk_id in before else state
        for clerk_id, state in incoming.items()
    }
    contested = _contested(before, after)
    holds = holders(after.values())

    def holding(clerk_id: str) -> Holding:
        state, user = after[clerk_id], before.get(clerk_id)
        key = claim(state)
        if not isinstance(state, Snapshot) or key is None:
            return Holding(state, None)
        if key not in contested and user is not None:
            return Holding(state, user.email)
        return Holding(state, state.email if holds[key] == clerk_id else None)

    wanted = {clerk_id: holding(clerk_id) for clerk_id in after}
    changed = [user for user in stored if wanted[user.state.clerk_id] != Holding(user.state, user.email)]
    return Decision(
        released=[user.id for user in changed if user.email and wanted[user.state.clerk_id].email != user.email],
        changed=[wanted[user.state.clerk_id] for user in changed],
        added=[wanted[clerk_id] for clerk_id in after if clerk_id not in before],
        departed=_departed(changed, after),
        contested=contested,
    )


def _contested(before: Mapping[str, Stored], after: Mapping[str, State]) -> set[str]:
    """The addresses whose holder may change: what changed users claimed before, and what they claim now."""
    changed = [
        clerk_id for clerk_id, state in after.items() if clerk_id not in before or before[clerk_id].state != state
    ]
    old = {claim(before[clerk_id].state) for clerk_id in changed if clerk_id in before}
    return {key for key in old | {claim(after[clerk_id]) for clerk_id in changed} if key is not None}


def _departed(changed: Iterable[Stored], after: Mapping[str, State]) -> dict[int, datetime]:
    gone = ((user, after[user.state.clerk_id]) for user in changed if isinstance(user.state, Snapshot))
    return {user.id: state.at for user, state in gone if isinstance(state, Deletion)}
