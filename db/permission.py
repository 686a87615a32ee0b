"""Checks the author of a change inside the transaction of the change, under lock.

The guard checks a request when it arrives. Before the change is made, the author may be banned, deleted or lose the
role, so the transaction of the change checks again.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from akako_guard.database import faults
from akako_guard.role import Role, suffice
from db.held import REFUSED, held_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What the author of a change must still have when the change is made."""

    clerk_id: str
    """The user whose roles count: during impersonation, the impersonated user."""
    roles: frozenset[Role]
    all_of: bool = False
    """Whether all of the roles are required, instead of any one of them."""
    impersonator: str | None = None
    """Clerk id of the impersonator. May be an unknown user, for example a member of the Clerk dashboard."""

    @property
    def clerk_ids(self) -> set[str]:
        """The users whose rows must be locked before `check` is called."""
        return {self.clerk_id, self.impersonator or self.clerk_id}


class NotPermitted(Exception):
    """The author is banned, or does not hold the required role."""


class NotKnown(NotPermitted):
    """The author is deleted or unknown."""


def lock_and_check(connection: Connection, permission: Permission | None, subjects: Collection[str] = ()) -> None:
    """Lock the subjects of a change together with its author, then check the author. Raises NotPermitted.

    `subjects` are Clerk ids; unknown ones are skipped. Without a permission (an operator at the command line) the
    subjects are locked and nothing is checked.
    """
    _lock(connection, {*subjects, *(permission.clerk_ids if permission else ())})
    if permission is not None:
        check(connection, permission)


def check(connection: Connection, permission: Permission) -> None:
    """Check that the author is known, not deleted, not banned and holds the role now.

    Takes no locks. Before a change, lock the author in a separate statement first, so that the snapshot of this
    statement is taken after the wait for the lock. Raises NotPermitted or NotPrimary.
    """
    rows = connection.exec_driver_sql(
        f"""
        select clerk_id, current_setting('transaction_read_only')::boolean, deleted_at is not null, {REFUSED},
               array(select role from user_roles where user_id = users.id and {held_at("clock_timestamp()")})
        from users where clerk_id = any(%(ids)b::text[])
        """,  # noqa: S608 - a constant
        {"ids": list(permission.clerk_ids)},
    )
    found = {clerk_id: _State(*state) for clerk_id, *state in rows}
    author = found.get(permission.clerk_id)
    impersonator = found.get(permission.impersonator) if permission.impersonator else None
    if author is None or author.deleted:
        raise NotKnown
    if author.is_replica:
        raise faults.NotPrimary
    if author.banned or (impersonator is not None and (impersonator.banned or impersonator.deleted)):
        raise NotPermitted
    if not suffice(frozenset(map(Role, author.roles)), permission.roles, all_of=permission.all_of):
        raise NotPermitted


@dataclass(frozen=True, slots=True)
class _State:
    is_replica: bool
    deleted: bool
    banned: bool
    roles: list[str]


def _lock(connection: Connection, clerk_ids: Collection[str]) -> None:
    """Lock users in the order of Clerk ids, as every transaction that locks users does."""
    if clerk_ids:
        connection.exec_driver_sql(
            "select from users where clerk_id = any(%(ids)b::text[]) order by clerk_id for no key update",
            {"ids": list(clerk_ids)},
        )
