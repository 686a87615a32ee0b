"""Releases and rejects held deletions at a person's request, and deletes users, one set in one transaction."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.user import Deletion
from db import audit, clock, deletion_holds, event_actions, permission, users
from db.audit import Author
from db.deletion_holds import HeldEvent, Hold
from db.event_filter import EventStatus
from sync import persist
from sync.fold import State
from sync.persist import WriteRules
from sync.transaction import Begin, Conflict, retry

SET = 50
"""Users in one transaction, which blocks other deletions."""

NOT_HELD = "No deletion of this user is held. `akako deletions list` shows those that are."


@dataclass(frozen=True, slots=True)
class SkippedHold:
    """A user about whose deletion nothing was decided."""

    clerk_id: str
    why: str


@dataclass(slots=True)
class Decided:
    """The result of releasing or rejecting."""

    done: list[str] = field(default_factory=list)
    """Clerk ids of the users whose deletion was released or rejected."""
    left: list[SkippedHold] = field(default_factory=list)

    def add(self, other: "Decided") -> None:
        """Add the result of another part."""
        self.done += other.done
        self.left += other.left


def release(begin: Begin, clerk_ids: Collection[str], author: Author) -> Decided:
    """Apply the held deletions of these users, which do not count towards the limit.

    The result is the same as if they had been applied at once. Ask Clerk first: a deletion cannot be undone. Raises
    NotPermitted.
    """

    def work(connection: Connection, email_keys: set[str]) -> Decided:
        held_events, holds = _lock(connection, clerk_ids)
        rules = WriteRules(author=author, limit=None)
        # Only deletions are written, so the role is not used.
        persist.write(connection, _deletions(held_events, holds), Role.LEARNER, email_keys, rules)
        event_actions.set_status(connection, [event.svix_id for event in held_events], EventStatus.APPLIED)
        return _end(connection, clerk_ids, holds, "released")

    return retry(begin, work)


def delete(begin: Begin, clerk_id: str, cause: str, author: Author, done: Callable[[Connection], None]) -> None:
    """Apply the deletion of a user that a person deleted at Clerk; it does not count towards the limit.

    A held deletion of the same user is released. `done` is called in the same transaction. Raises NotPermitted.
    """

    def work(connection: Connection, email_keys: set[str]) -> None:
        held_events, holds = _lock(connection, [clerk_id])
        deletion = Deletion(clerk_id=clerk_id, at=clock.now(connection))
        states = [*_deletions(held_events, holds), (deletion, cause)]
        persist.write(connection, states, Role.LEARNER, email_keys, WriteRules(author=author, limit=None))
        event_actions.set_status(connection, [event.svix_id for event in held_events], EventStatus.APPLIED)
        _end(connection, [clerk_id], holds, "released")
        done(connection)

    retry(begin, work)


def reject(begin: Begin, clerk_ids: Collection[str], author: Author) -> Decided:
    """Discard the held deletions of these users, who keep their access or get it back. Raises NotPermitted."""

    def work(connection: Connection, _: set[str]) -> Decided:
        held_events, holds = _lock(connection, clerk_ids)
        held = [hold.clerk_id for hold in holds]
        permission.lock_and_check(connection, author.permission, held)
        audit.set_author(connection, author, {hold.clerk_id: hold.cause for hold in holds})
        event_actions.discard(connection, [event.svix_id for event in held_events])
        users.restore_access(connection, held)
        return _end(connection, clerk_ids, holds, "rejected")

    return retry(begin, work)


def preview(begin: Begin, clerk_ids: Collection[str]) -> Decided:
    """The deletions that `reject` would discard. Changes nothing."""
    with begin() as connection:
        held = {hold.clerk_id for hold in deletion_holds.open_of(connection, clerk_ids)}
    return _decided(clerk_ids, held)


def _lock(connection: Connection, clerk_ids: Collection[str]) -> tuple[list[HeldEvent], list[Hold]]:
    """Lock the held events of these users, then all decisions about deletions; the open holds."""
    held_events = deletion_holds.lock_events(connection, clerk_ids)
    deletion_holds.lock(connection)
    holds = deletion_holds.open_of(connection, clerk_ids)
    if deletion_holds.event_ids(connection, clerk_ids) != {event.svix_id for event in held_events}:
        raise Conflict(set())  # another deletion of one of the users was held, or decided about, meanwhile
    held = {hold.clerk_id for hold in holds}
    return [event for event in held_events if event.clerk_id in held], holds


def _deletions(held_events: Sequence[HeldEvent], holds: Sequence[Hold]) -> list[tuple[State, str]]:
    """The deletions with their causes; those of events first, since these carry the time of receipt."""
    states: list[tuple[State, str]] = [
        (Deletion(clerk_id=each.clerk_id, at=each.occurred_at, received_at=each.received_at), each.svix_id)
        for each in held_events
    ]
    states += [
        (Deletion(clerk_id=hold.clerk_id, at=hold.occurred_at, received_at=hold.held_at), hold.cause) for hold in holds
    ]
    return states


def _end(connection: Connection, clerk_ids: Collection[str], holds: Sequence[Hold], outcome: str) -> Decided:
    held = {hold.clerk_id for hold in holds}
    deletion_holds.end(connection, held, outcome)
    return _decided(clerk_ids, held)


def _decided(clerk_ids: Collection[str], held: Collection[str]) -> Decided:
    left = [SkippedHold(clerk_id, NOT_HELD) for clerk_id in clerk_ids if clerk_id not in held]
    return Decided([clerk_id for clerk_id in clerk_ids if clerk_id in held], left)
