"""Writes states of users: locks the users affected, decides with `fold`, and writes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from akako_guard.role import Role
from db import audit, new_users, permission, roles, users
from db.audit import Author
from sync import fold
from sync.fold import Decision, State
from sync.transaction import Conflict

DELETED = "The user was deleted in Clerk."


Observer: TypeAlias = Callable[[Connection, Collection[str]], None]
"""Called with the Clerk ids of all users that may change, after they are locked and before they change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRules:
    """How states are written: the author, and which of two states wins."""

    author: Author
    force: bool = False
    """Whether a snapshot wins although a newer one is known."""
    observer: Observer | None = None
    wait: bool = True
    """Whether to wait for users locked by other transactions; otherwise their states are not written."""


FROM_CLERK = WriteRules(author=Author(actor="clerk"))


def write(
    connection: Connection,
    states: Sequence[tuple[State, str]],
    default_role: Role,
    email_keys: set[str] | None = None,
    rules: WriteRules = FROM_CLERK,
) -> set[str]:
    """Merge states of users, each with its cause (a svix id or request id), into what is stored.

    Returns the causes that were skipped, because other transactions have locked the users affected. Raises Conflict if
    another transaction interfered; roll back then, and retry. Raises NotPermitted if the author of the rules may not do
    this: the author is locked by the same statement as the users, so that all locks are taken in one order.
    """
    incoming = fold.fold(state for state, _ in states)
    claims = {key for state in incoming.values() if (key := fold.claim(state))} | (email_keys or set())
    authority = rules.author.permission
    stored = users.lock(
        connection, incoming.keys() | (authority.clerk_ids if authority else set()), claims, wait=rules.wait
    )
    if authority:
        permission.check(connection, authority)
    locked = {user.id for user in stored}
    locked_elsewhere = {}
    if not rules.wait:
        locked_elsewhere = users.claims(connection, users.affected(connection, incoming.keys(), claims) - locked)
    skipped = fold.blocked(stored, incoming, locked_elsewhere)
    incoming = {clerk_id: state for clerk_id, state in incoming.items() if clerk_id not in skipped}
    decision = fold.decide(stored, incoming, fold.forced if rules.force else fold.later)
    # No locked user holds one of the other addresses; if another user has got one meanwhile, the unique index refuses.
    known = decision.contested & {fold.claim(user.state) for user in stored}
    if known and users.claimants(connection, known) - locked:
        raise Conflict(decision.contested)
    if rules.observer:
        rules.observer(connection, incoming.keys() | {user.state.clerk_id for user in stored})
    causes = {
        state.clerk_id: cause
        for state, cause in states
        if state.clerk_id in incoming and fold.decided(state, incoming[state.clerk_id])
    }
    audit.set_author(connection, rules.author, causes, forced=rules.force)
    _write(connection, decision, default_role)
    return {cause for state, cause in states if state.clerk_id in skipped}


def _write(connection: Connection, decision: Decision, default_role: Role) -> None:
    if decision.released:
        users.release_emails(connection, decision.released)
    if decision.changed:
        users.update(connection, decision.changed)
    if decision.deleted:
        roles.end_all(connection, decision.deleted, DELETED)
    if decision.added and len(new_users.add(connection, decision.added, default_role)) < len(decision.added):
        raise Conflict(decision.contested)
