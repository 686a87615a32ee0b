"""Pins the installation to one Clerk instance, so that users of two instances never mix."""

from sqlalchemy import Connection, Engine

from clerk import events as reading
from clerk.backend import ClerkInstance
from db import audit, clerk_instance, deletion_holds, drift, events, permission, users
from db.audit import Author
from db.clerk_instance import Pin
from sync.refusal import Refused

MOST_DELIVERIES = 20
"""Deliveries that are looked at before the first pin; some do not name their instance."""


class AnotherInstance(Refused):
    """The secret key belongs to another Clerk instance than the one to which this installation is pinned."""

    word = "another_instance"


class NotPinned(Refused):
    """No Clerk instance is pinned, so its answers prove nothing. Run `akako instance pin`."""

    word = "not_pinned"


def check(engine: Engine, instance: ClerkInstance) -> None:
    """Raise NotPinned or AnotherInstance unless this instance is pinned: answers of another one prove nothing."""
    with engine.begin() as connection:
        pinned = clerk_instance.read(connection)
    if pinned is None:
        raise NotPinned
    _refuse_another(pinned, instance)


def require(engine: Engine, instance: ClerkInstance, author: Author | None) -> None:
    """Pin the instance, if none is pinned and an author is given.

    Raises AnotherInstance if another one is pinned, or if none is and the last deliveries came from another one.
    """
    with engine.begin() as connection:
        pinned = clerk_instance.read(connection)
        if pinned is None:
            _refuse_another_than_of_deliveries(connection, instance)
        if author:
            audit.set_author(connection, author)
            clerk_instance.pin(connection, instance.id, instance.environment)
            pinned = clerk_instance.read(connection)
    if pinned:
        _refuse_another(pinned, instance)


def _refuse_another_than_of_deliveries(connection: Connection, instance: ClerkInstance) -> None:
    """Raise AnotherInstance if the users that are stored came from deliveries of another instance."""
    stated = (reading.read(body).instance_id for body in events.newest_applied(connection, MOST_DELIVERIES))
    sender = next((each for each in stated if each), instance.id)
    if sender != instance.id:
        raise AnotherInstance(
            f"The deliveries that were applied came from {sender}, and CLERK_SECRET_KEY belongs to {instance.id}, which"
            f" would have none of their users. Set the key of {sender}, or use another database. If the instance was"
            " replaced on purpose, run `akako instance repin`."
        )


def _refuse_another(pinned: Pin, instance: ClerkInstance) -> None:
    if pinned.instance_id != instance.id:
        raise AnotherInstance(
            f"It is pinned to {pinned.instance_id}, and CLERK_SECRET_KEY belongs to {instance.id}. Set the key of"
            f" {pinned.instance_id}, or use another database. If the instance was replaced on purpose, run"
            " `akako instance repin`."
        )


def repin(engine: Engine, instance: ClerkInstance, author: Author) -> str | None:
    """Pin this instance in place of another; returns the id of the instance that was pinned before.

    Open differences end: they are differences from the other instance, of whose users this one may know nothing. So do
    answers about held deletions: users whose access ended because of them have it back, and Clerk is asked again.
    """
    with engine.begin() as connection:
        audit.set_author(connection, author)
        before = clerk_instance.read(connection)
        if before is None:
            clerk_instance.pin(connection, instance.id, instance.environment)
        elif before.instance_id != instance.id:
            # In the order in which reconciling locks.
            deletion_holds.lock(connection)
            held = deletion_holds.forget_answers(connection)
            permission.lock_and_check(connection, None, held)
            users.restore_access(connection, held)
            clerk_instance.repin(connection, instance.id, instance.environment)
            drift.end_all(connection, "resolved")
    return before.instance_id if before else None
