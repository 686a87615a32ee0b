"""Decides what a set of events makes true. Pure: values in, values out.

A user's state only ever grows: of two snapshots the newer counts, a deletion counts above every snapshot, and of two
deletions the earlier. Whether a user is banned has a version of its own, that of the newest snapshot that states it.
`later` is therefore associative, commutative and idempotent (the maximum in two orders at once), and any order and any
repetition of the same events ends in the same state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeAlias

from clerk.user import NEVER, Deletion, Snapshot
from db.users import StoredUser, UserWrite, email_key

State: TypeAlias = Snapshot | Deletion

_RANKED = [field.name for field in fields(Snapshot) if field.name not in ("version", "banned", "banned_as_of")]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write, in this order."""

    released: list[int]
    """Row ids of users that hold their e-mail address no longer."""
    changed: list[UserWrite]
    """Users that are there and become other than they are."""
    added: list[UserWrite]
    """Users never seen before; some may be gone already."""
    deleted: dict[int, datetime | None]
    """Row ids of users that are gone from now on, and when their roles end; None: now."""
    contested: set[str]
    """E-mail keys whose holder was decided; sound only if every user that claims one of them was given."""


def later(one: State, other: State) -> State:
    """Which of two things known of a user is true now."""
    if isinstance(one, Deletion) and isinstance(other, Deletion):
        return one if one.at <= other.at else other
    if isinstance(one, Snapshot) and isinstance(other, Snapshot):
        return _with_ban(_newer(one, other), max(_ban(one), _ban(other)))
    return one if isinstance(one, Deletion) else other


def forced(known: State, told: State) -> State:
    """What is true when a person insists on what was told: an older snapshot too, but nobody is brought back."""
    if not isinstance(known, Snapshot) or not isinstance(told, Snapshot):
        return later(known, told)
    return _with_ban(told, _ban(known)) if told.banned_as_of == NEVER else told


def decided(state: State, true: State) -> bool:
    """Whether this is what decided the state that is true of a user; of snapshots, the one that states the ban."""
    if isinstance(state, Snapshot) and isinstance(true, Snapshot):
        if true.banned_as_of == NEVER:
            return state.version == true.version
        return _ban(state) == _ban(true)
    return state == true


def _newer(one: Snapshot, other: Snapshot) -> Snapshot:
    if one.version != other.version:
        return one if one.version > other.version else other
    return one if _rank(one) >= _rank(other) else other


def _rank(snapshot: Snapshot) -> tuple[Any, ...]:
    """Orders snapshots of one version by all that they say, so that a tie breaks the same way always."""
    said = (getattr(snapshot, name) for name in _RANKED)
    return tuple((value is not None, "" if value is None else value) for value in said)


def _ban(snapshot: Snapshot) -> tuple[datetime, bool]:
    """The version that stated whether the user is banned, and whether it is: in a tie, a ban counts."""
    return snapshot.banned_as_of or snapshot.version, snapshot.banned


def _with_ban(snapshot: Snapshot, ban: tuple[datetime, bool]) -> Snapshot:
    if _ban(snapshot) == ban:
        return snapshot
    version, banned = ban
    return replace(snapshot, banned=banned, banned_as_of=None if version == snapshot.version else version)


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
    """Who holds each address, by its key: of the living claimants that are not banned, the one of the highest claim."""
    holding: dict[str, Snapshot] = {}
    for state in states:
        key = claim(state)
        if key is None or not isinstance(state, Snapshot) or state.banned:
            continue
        rival = holding.get(key)
        if rival is None or _claim_rank(rival) < _claim_rank(state):
            holding[key] = state
    return {key: snapshot.clerk_id for key, snapshot in holding.items()}


def _claim_rank(snapshot: Snapshot) -> tuple[bool, datetime, str]:
    """Orders claims to an address: verified ones above the others, then by version."""
    return snapshot.email_verified is not False, snapshot.version, snapshot.clerk_id


def entangled(stored: Iterable[StoredUser], incoming: Mapping[str, State], held: Mapping[str, str | None]) -> set[str]:
    """Of whom nothing can be decided without users that somebody else holds, given with the addresses they claim.

    Those users themselves, and whoever claims one of their addresses or did so before.
    """
    keys = set(held.values()) - {None}
    claimed = [(user.state.clerk_id, user.state) for user in stored] + list(incoming.items())
    return {clerk_id for clerk_id, state in claimed if clerk_id in held or claim(state) in keys}


def decide(
    stored: Sequence[StoredUser], incoming: Mapping[str, State], settle: Callable[[State, State], State] = later
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

    def holding(clerk_id: str) -> UserWrite:
        state, user = after[clerk_id], before.get(clerk_id)
        key = claim(state)
        if not isinstance(state, Snapshot) or key is None:
            return UserWrite(state, None)
        if key not in contested and user is not None:
            return UserWrite(state, user.email)
        return UserWrite(state, state.email if holds.get(key) == clerk_id else None)

    wanted = {clerk_id: holding(clerk_id) for clerk_id in after}
    changed = [user for user in stored if wanted[user.state.clerk_id] != UserWrite(user.state, user.email)]
    return Decision(
        released=[user.id for user in changed if user.email and wanted[user.state.clerk_id].email != user.email],
        changed=[wanted[user.state.clerk_id] for user in changed],
        added=[wanted[clerk_id] for clerk_id in after if clerk_id not in before],
        deleted=_deleted(changed, after),
        contested=contested,
    )


def _contested(before: Mapping[str, StoredUser], after: Mapping[str, State]) -> set[str]:
    """The addresses whose holder may change: what changed users claimed before, and what they claim now."""
    changed = [
        clerk_id for clerk_id, state in after.items() if clerk_id not in before or before[clerk_id].state != state
    ]
    old = {claim(before[clerk_id].state) for clerk_id in changed if clerk_id in before}
    return {key for key in old | {claim(after[clerk_id]) for clerk_id in changed} if key is not None}


def _deleted(changed: Iterable[StoredUser], after: Mapping[str, State]) -> dict[int, datetime | None]:
    living = ((user.id, user.state, after[user.state.clerk_id]) for user in changed if isinstance(user.state, Snapshot))
    return {row_id: _end(known, state) for row_id, known, state in living if isinstance(state, Deletion)}


def _end(known: Snapshot, deletion: Deletion) -> datetime | None:
    """When the roles of a deleted user end: with the user, unless a snapshot shows that the user existed after that.

    Then when we heard of the deletion: a time that is too early must not deny what the user held. None: now.
    """
    if deletion.at >= known.version:
        return deletion.at
    return deletion.received_at and max(deletion.received_at, known.version)
