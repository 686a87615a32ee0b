"""Writes states of users: locks the users affected, decides with `fold`, and writes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.user import Deletion, Snapshot
from db import audit, keycloak_undo, new_users, permission, roles, users
from db import deletion_holds as db_holds
from db.audit import Author
from db.deletion_holds import HoldKind
from db.users import StoredUser
from sync import deletion_holds, fold
from sync.deletion_limits import DEFAULT_LIMITS, Limit
from sync.fold import Decision, State
from sync.transaction import Conflict

DELETED = "The user was deleted in Clerk."


Observer: TypeAlias = Callable[[Connection, Collection[str]], None]
"""Called with the Clerk ids of all users that may change, after they are locked and before they change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRules:
    """How states are written: the author, which of two states wins, and how many deletions may be applied."""

    author: Author
    force: bool = False
    """Whether a snapshot wins although a newer one is known."""
    observer: Observer | None = None
    wait: bool = True
    """Whether to wait for users locked by other transactions; otherwise their states are not written."""
    kind: HoldKind = HoldKind.SIGNED
    limit: Limit | None = DEFAULT_LIMITS.signed
    """Deletions above it are held. None if a person released these deletions."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was not written."""

    skipped: frozenset[str]
    """Causes of states whose users other transactions have locked."""
    held: frozenset[str]
    """Causes of deletions that wait for a person."""
    held_users: frozenset[str]
    """The users of these deletions."""


FROM_CLERK = WriteRules(author=Author(actor="clerk"))


def write(
    connection: Connection,
    states: Sequence[tuple[State, str]],
    default_role: Role,
    email_keys: set[str] | None = None,
    rules: WriteRules = FROM_CLERK,
) -> Written:
    """Merge states of users, each with its cause (a svix id or request id), into what is stored.

    Returns what was not written. Raises Conflict if another transaction interfered; roll back then, and retry. Raises
    NotPermitted if the author of the rules may not do this: the author is locked by the same statement as the users, so
    that all locks are taken in one order.
    """
    incoming = fold.fold(state for state, _ in states)
    stored, skipped = _lock(connection, states, incoming, email_keys or set(), rules)
    locked, known = {user.id for user in stored}, [user.state for user in stored]
    incoming = {clerk_id: state for clerk_id, state in incoming.items() if clerk_id not in skipped}
    held = _above_limit(connection, incoming, known, rules)
    if held:
        remaining = fold.fold(state for state, _ in states if state.clerk_id in held and isinstance(state, Snapshot))
        incoming = {clerk_id: state for clerk_id, state in incoming.items() if clerk_id not in held} | remaining
    decision = fold.decide(stored, incoming, fold.forced if rules.force else fold.later)
    # No locked user holds one of the other addresses; if another user has got one meanwhile, the unique index refuses.
    contested = decision.contested & set(map(fold.claim, known))
    if contested and users.claimants(connection, contested) - locked:
        raise Conflict(decision.contested)
    if rules.observer:
        rules.observer(connection, incoming.keys() | {state.clerk_id for state in known})
    audit.set_author(connection, rules.author, _causes(states, incoming), forced=rules.force)
    _write(connection, decision, default_role)
    if held:
        deletion_holds.hold(connection, held, _causes(states, held), rules.kind)
    return Written(
        frozenset(cause for state, cause in states if state.clerk_id in skipped),
        frozenset(cause for state, cause in states if state.clerk_id in held and isinstance(state, Deletion)),
        frozenset(held),
    )


def _lock(
    connection: Connection,
    states: Sequence[tuple[State, str]],
    incoming: Mapping[str, State],
    email_keys: set[str],
    rules: WriteRules,
) -> tuple[list[StoredUser], set[str]]:
    """Lock deletions, if there is one, then the users affected; those stored, and the ids of users to skip.

    Raises NotPermitted.
    """
    claims = {key for state in incoming.values() if (key := fold.claim(state))} | email_keys
    busy: set[str] = set()
    if deleted := {clerk_id for clerk_id, state in incoming.items() if isinstance(state, Deletion)}:
        # A deletion that is held leaves the snapshots of the same set to be written.
        claims |= {key for state, _ in states if state.clerk_id in deleted and (key := fold.claim(state))}
        busy = set() if db_holds.lock(connection, wait=rules.wait) else deleted
    authority = rules.author.permission
    stored = users.lock(
        connection, incoming.keys() | (authority.clerk_ids if authority else set()), claims, wait=rules.wait
    )
    if authority:
        permission.check(connection, authority)
    elsewhere: dict[str, str | None] = {}
    if not rules.wait:
        locked = {user.id for user in stored}
        elsewhere = users.claims(connection, users.affected(connection, incoming.keys(), claims) - locked)
        elsewhere |= {user.state.clerk_id: fold.claim(user.state) for user in stored if user.state.clerk_id in busy}
    return stored, fold.blocked(stored, incoming, elsewhere) | busy


def _above_limit(
    connection: Connection, incoming: Mapping[str, State], known: Sequence[State], rules: WriteRules
) -> dict[str, Deletion]:
    """The deletions to hold. Only those of living users count: no other deletion ends access.

    Nor do those count that a person decided by undoing a move from Keycloak.
    """
    if rules.limit is None:
        return {}
    living = {state.clerk_id for state in known if isinstance(state, Snapshot)}
    wanted = {
        clerk_id: state for clerk_id, state in incoming.items() if isinstance(state, Deletion) and clerk_id in living
    }
    if wanted:
        decided = keycloak_undo.decided(connection, wanted.keys())
        wanted = {clerk_id: state for clerk_id, state in wanted.items() if clerk_id not in decided}
    held = deletion_holds.above_limit(connection, wanted, rules.kind, rules.limit)
    return {clerk_id: wanted[clerk_id] for clerk_id in wanted if clerk_id in held}


def _causes(states: Sequence[tuple[State, str]], results: Mapping[str, State]) -> dict[str, str]:
    """The cause that decided the result of each user."""
    return {
        state.clerk_id: cause
        for state, cause in states
        if state.clerk_id in results and fold.decided(state, results[state.clerk_id])
    }


def _write(connection: Connection, decision: Decision, default_role: Role) -> None:
    if decision.released:
        users.release_emails(connection, decision.released)
    if decision.changed:
        users.update(connection, decision.changed)
    if decision.deleted:
        roles.end_all(connection, decision.deleted, DELETED)
    if decision.added and len(new_users.add(connection, decision.added, default_role)) < len(decision.added):
        raise Conflict(decision.contested)
