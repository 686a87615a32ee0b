"""Makes true what was said of users: locks whom it concerns, decides, writes."""

from collections.abc import Sequence

from sqlalchemy import Connection

from clerk.user import Snapshot
from config.role import Role
from db import audit, roles, users
from worker import fold
from worker.attempt import Raced
from worker.fold import Decision, State

DELETED = "The user was deleted in Clerk."


def write(
    connection: Connection, said: Sequence[tuple[State, str]], default_role: Role, email_keys: set[str] | None = None
) -> None:
    """Make true what was said of users, each with its cause (a svix id or request id), whatever is already stored.

    Raises Raced if another transaction came in between; roll back then, and do it again.
    """
    incoming = fold.fold(state for state, _ in said)
    claims = {key for state in incoming.values() if (key := fold.claim(state))} | (email_keys or set())
    stored = users.lock(connection, users.concerned(connection, incoming.keys(), claims))
    decision = fold.decide(stored, incoming)
    locked = {user.id for user in stored}
    if decision.contested and users.claimants(connection, decision.contested) - locked:
        raise Raced(decision.contested)
    audit.act_as(connection, "clerk", causes={s.clerk_id: cause for s, cause in said if incoming[s.clerk_id] is s})
    _write(connection, decision, default_role)


def _write(connection: Connection, decision: Decision, default_role: Role) -> None:
    if decision.released:
        users.release_emails(connection, decision.released)
    if decision.changed:
        users.update(connection, decision.changed)
    if decision.departed:
        roles.end_all(connection, decision.departed, DELETED)
    if decision.added:
        _add(connection, decision, default_role)


def _add(connection: Connection, decision: Decision, default_role: Role) -> None:
    added = users.insert(connection, decision.added)
    if len(added) < len(decision.added):
        raise Raced(decision.contested)
    living = [holding.state for holding in decision.added if isinstance(holding.state, Snapshot)]
    if living:
        since = {added[user.clerk_id]: user.created_at or user.version for user in living}
        roles.assign_default(connection, default_role, since)
