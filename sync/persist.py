"""Makes true what was said of users: locks whom it concerns, decides, writes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from config.role import Role
from db import audit, new_users, permission, roles, users
from db.audit import Author
from sync import fold
from sync.fold import Decision, State
from sync.transaction import Conflict

DELETED = "The user was deleted in Clerk."


Witness: TypeAlias = Callable[[Connection, Collection[str]], None]
"""Gets to see the Clerk ids of everybody who may change, locked and not yet changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRules:
    """How something is made true: on whose account, and what of two states counts."""

    author: Author
    force: bool = False
    """Whether a snapshot counts although a newer one is known."""
    observer: Witness | None = None
    waits: bool = True
    """Whether users that others hold locked are waited for; if not, what was said of them is left."""


FROM_CLERK = WriteRules(author=Author(actor="clerk"))


def write(
    connection: Connection,
    said: Sequence[tuple[State, str]],
    default_role: Role,
    email_keys: set[str] | None = None,
    rules: WriteRules = FROM_CLERK,
) -> set[str]:
    """Make true what was said of users, each with its cause (a svix id or request id), whatever is already stored.

    The causes that were left, because others hold the users concerned. Raises Raced if another transaction came in
    between; roll back then, and do it again. Raises NotPermitted if the manner's author may not do this: the author is
    locked by the same statement as the users, so that all are locked in one order.
    """
    incoming = fold.fold(state for state, _ in said)
    claims = {key for state in incoming.values() if (key := fold.claim(state))} | (email_keys or set())
    authority = rules.author.permission
    stored = users.lock(
        connection, incoming.keys() | (authority.clerk_ids if authority else set()), claims, wait=rules.waits
    )
    if authority:
        permission.check(connection, authority)
    locked = {user.id for user in stored}
    held = {}
    if not rules.waits:
        held = users.claims(connection, users.affected(connection, incoming.keys(), claims) - locked)
    left = fold.entangled(stored, incoming, held)
    incoming = {clerk_id: state for clerk_id, state in incoming.items() if clerk_id not in left}
    decision = fold.decide(stored, incoming, fold.forced if rules.force else fold.later)
    # Of the other addresses nobody locked holds one: if somebody came to meanwhile, the index refuses a second holder.
    known = decision.contested & {fold.claim(user.state) for user in stored}
    if known and users.claimants(connection, known) - locked:
        raise Conflict(decision.contested)
    if rules.observer:
        rules.observer(connection, incoming.keys() | {user.state.clerk_id for user in stored})
    causes = {
        state.clerk_id: cause
        for state, cause in said
        if state.clerk_id in incoming and fold.decided(state, incoming[state.clerk_id])
    }
    audit.set_author(connection, rules.author, causes, forced=rules.force)
    _write(connection, decision, default_role)
    return {cause for state, cause in said if state.clerk_id in left}


def _write(connection: Connection, decision: Decision, default_role: Role) -> None:
    if decision.released:
        users.release_emails(connection, decision.released)
    if decision.changed:
        users.update(connection, decision.changed)
    if decision.deleted:
        roles.end_all(connection, decision.deleted, DELETED)
    if decision.added and len(new_users.add(connection, decision.added, default_role)) < len(decision.added):
        raise Conflict(decision.contested)
