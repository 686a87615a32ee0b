"""The callers: everything that the guard asks about users, in one indexed query for as many as ask at once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from config.role import Role
from db import faults

_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class Known:
    """A user as the guard sees it at one instant of the database's clock."""

    id: int
    clerk_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    banned: bool
    deleted: bool
    roles: frozenset[Role]
    """Held at that instant: start reached, end not."""


def find(connection: Connection, clerk_ids: Collection[str]) -> dict[str, Known]:
    """The users that we know among these, by Clerk's id; a tombstone is known, as deleted. Raises NotPrimary."""
    # A look-up for each id, whatever the planner believes of their number: for 200 together it may read all users.
    # And a row for each, so that the server says what it is also where nobody is known.
    rows = connection.exec_driver_sql(
        """
        select current_setting('transaction_read_only')::boolean, known.*
        from unnest(%(ids)b::text[]) as asked (clerk_id)
        left join lateral (
            select id, users.clerk_id, email, first_name, last_name, banned, deleted_at is not null,
                   array(
                       select role from user_roles
                       where user_id = users.id and is_active
                         and effective_start_date <= now()
                         and (effective_end_date is null or effective_end_date > now()))
            from users where users.clerk_id = asked.clerk_id offset 0) as known on true
        """,
        {"ids": list(clerk_ids)},
    ).all()
    if rows and rows[0][0]:
        raise faults.NotPrimary
    return {
        clerk_id: Known(id_, clerk_id, email, first, last, banned, deleted, frozenset(_ROLES[role] for role in roles))
        for _, id_, clerk_id, email, first, last, banned, deleted, roles in rows
        if id_ is not None
    }
