"""Folds the events of each user to one state, and decides what to write. Pure: values in, values out.

A user's state only grows: the newer of two snapshots wins, a deletion wins over every snapshot, and the earlier of two
deletions wins. A ban has its own version, that of the newest snapshot that states whether the user is banned. `later`
is therefore associative, commutative and idempotent (the maximum of two orders at once): any order and repetition of
the same events leads to the same state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeAlias

from clerk.user import NEVER, Deletion, Snapshot
from db.users import StoredUser, UserWrite, email_key

State: TypeAlias = Snapshot | Deletion

_UNRANKED = ("version", "banned", "banned_as_of")
_RANKED = [field.name for field in fields(Snapshot) if field.compare and field.name not in _UNRANKED]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write, in this order."""

    released: list[int]
    """Row ids of users that no longer hold their e-mail address."""
    changed: list[UserWrite]
    """Stored users that change."""
    added: list[UserWrite]
    """Users that are not stored yet; some may be deleted already."""
    deleted: dict[int, datetime | None]
    """Row ids of users that become deleted, and when their roles end; None: now."""
    contested: set[str]
    """E-mail keys whose holder was decided; valid only if every user that claims one of them was given."""


def later(one: State, other: State) -> State:
    """The state that results from two states of one user."""
    if isinstance(one, Deletion) and isinstance(other, Deletion):
        return one if one.at <= other.at else other
    if isinstance(one, Snapshot) and isinstance(other, Snapshot):
        return _with_ban(_newer(one, other), max(_ban(one), _ban(other)))
    return one if isinstance(one, Deletion) else other


def forced(known: State, given: State) -> State:
    """The state that results when a person forces `given`: an older snapshot wins too, but deletions are final."""
    if not isinstance(known, Snapshot) or not isinstance(given, Snapshot):
        return later(known, given)
    return _with_ban(given, _ban(known)) if given.banned_as_of == NEVER else given


def decided(state: State, result: State) -> bool:
    """Whether this state decided the result for its user; among snapshots, the one that states the ban."""
    if isinstance(state, Snapshot) and isinstance(result, Snapshot):
        if result.banned_as_of == NEVER:
            return state.version == result.version
        return _ban(state) == _ban(result)
    return state == result


def _newer(one: Snapshot, other: Snapshot) -> Snapshot:
    if one.version != other.version:
        return one if one.version > other.version else other
    return one if _rank(one) >= _rank(other) else other


def _rank(snapshot: Snapshot) -> tuple[Any, ...]:
    """Orders snapshots of one version by all their fields, so that a tie always breaks the same way."""
    values = (getattr(snapshot, name) for name in _RANKED)
    return tuple((value is not None, "" if value is None else value) for value in values)


def _ban(snapshot: Snapshot) -> tuple[datetime, bool]:
    """The version that states whether the user is banned, and whether it is; in a tie, a ban wins."""
    return snapshot.banned_as_of or snapshot.version, snapshot.banned


def _with_ban(snapshot: Snapshot, ban: tuple[datetime, bool]) -> Snapshot:
    if _ban(snapshot) == ban:
        return snapshot
    version, banned = ban
    return replace(snapshot, banned=banned, banned_as_of=None if version == snapshot.version else version)


def fold(states: Iterable[State]) -> dict[str, State]:
    """The resulting state of each user, by Clerk's id."""
    folded: dict[str, State] = {}
    for state in states:
        known = folded.get(state.clerk_id)
        folded[state.clerk_id] = state if known is None else later(known, state)
    return folded


def claim(state: State | None) -> str | None:
    """The key of the e-mail address that a user claims; None for a deleted user or without an address."""
    return email_key(state.email) if isinstance(state, Snapshot) and state.email else None


def holders(states: Iterable[State]) -> dict[str, str]:
    """The holder of each address, by its key: of the claimants neither deleted nor banned, the highest-ranked."""
    found: dict[str, Snapshot] = {}
    for state in states:
        key = claim(state)
        if key is None or not isinstance(state, Snapshot) or state.banned:
            continue
        other = found.get(key)
        if other is None or _claim_rank(other) < _claim_rank(state):
            found[key] = state
    return {key: snapshot.clerk_id for key, snapshot in found.items()}


def _claim_rank(snapshot: Snapshot) -> tuple[bool, datetime, str]:
    """Orders claims to an address: verified ones before others, then by version."""
    return snapshot.email_verified is not False, snapshot.version, snapshot.clerk_id


def blocked(stored: Iterable[StoredUser], incoming: Mapping[str, State], locked: Mapping[str, str | None]) -> set[str]:
    """The users that cannot be decided without rows that another transaction has locked.

    `locked` has those users with the address that each claims. Blocked are they, and every user that claims one of
    these addresses or did so before.
    """
    keys = set(locked.values()) - {None}
    claimed = [(user.state.clerk_id, user.state) for user in stored] + list(incoming.items())
    return {clerk_id for clerk_id, state in claimed if clerk_id in locked or claim(state) in keys}


def decide(
    stored: Sequence[StoredUser], incoming: Mapping[str, State], settle: Callable[[State, State], State] = later
) -> Decision:
    """What to write for a set of events. `stored` has the users of the set and all users that claim their addresses.

    `settle` returns the state that results from the stored and the incoming one.
    """
    before = {user.state.clerk_id: user for user in stored}
    after = {clerk_id: user.state for clerk_id, user in before.items()} | {
        clerk_id: settle(before[clerk_id].state, state) if clerk_id in before else state
        for clerk_id, state in incoming.items()
    }
    contested = _contested(before, after)
    holder = holders(after.values())

    def written(clerk_id: str) -> UserWrite:
        state, user = after[clerk_id], before.get(clerk_id)
        key = claim(state)
        if not isinstance(state, Snapshot) or key is None:
            return UserWrite(state, None)
        if key not in contested and user is not None:
            return UserWrite(state, user.email)
        return UserWrite(state, state.email if holder.get(key) == clerk_id else None)

    wanted = {clerk_id: written(clerk_id) for clerk_id in after}
    changed = [user for user in stored if wanted[user.state.clerk_id] != UserWrite(user.state, user.email)]
    return Decision(
        released=[user.id for user in changed if user.email and wanted[user.state.clerk_id].email != user.email],
        changed=[wanted[user.state.clerk_id] for user in changed],
        added=[wanted[clerk_id] for clerk_id in after if clerk_id not in before],
        deleted=_deleted(changed, after),
        contested=contested,
    )


def _contested(before: Mapping[str, StoredUser], after: Mapping[str, State]) -> set[str]:
    """The addresses whose holder may change: those that changed users claimed before or claim now."""
    changed = [
        clerk_id for clerk_id, state in after.items() if clerk_id not in before or before[clerk_id].state != state
    ]
    old = {claim(before[clerk_id].state) for clerk_id in changed if clerk_id in before}
    return {key for key in old | {claim(after[clerk_id]) for clerk_id in changed} if key is not None}


def _deleted(changed: Iterable[StoredUser], after: Mapping[str, State]) -> dict[int, datetime | None]:
    living = ((user.id, user.state, after[user.state.clerk_id]) for user in changed if isinstance(user.state, Snapshot))
    return {row_id: _end(known, state) for row_id, known, state in living if isinstance(state, Deletion)}


def _end(known: Snapshot, deletion: Deletion) -> datetime | None:
    """When the roles of a deleted user end: at the deletion, unless a snapshot shows that the user existed after it.

    In that case when the deletion was received: a deletion time that is too early must not hide roles that the user
    held. None: now.
    """
    if deletion.at >= known.version:
        return deletion.at
    return deletion.received_at and max(deletion.received_at, known.version)
