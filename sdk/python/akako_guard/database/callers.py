"""Looks up callers for the guard: one indexed query for a batch of users."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from akako_guard.database import faults
from akako_guard.role import Role

_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user at one instant of the database clock, as needed by the guard."""

    id: int
    clerk_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    banned: bool
    deleted: bool
    roles: frozenset[Role]
    """Roles held at that instant; banned and deleted users hold none."""


class AnswerMismatch(Exception):
    """The rows do not belong to this query, so they must not be used, not even to conclude that a user is unknown."""


def find(connection: Connection, clerk_ids: Collection[str]) -> dict[str, KnownUser]:
    """The known users among these ids, by Clerk id, including deleted ones. Raises NotPrimary."""
    answers = look_up(connection, set(clerk_ids))
    return {clerk_id: known for clerk_id, known in answers.items() if known is not None}


def look_up(connection: Connection, clerk_ids: Set[str]) -> dict[str, KnownUser | None]:
    """The user for each id; None only if the result has a row which shows that the id is unknown.

    Raises NotPrimary, and AnswerMismatch unless there is exactly one row per id: a pooler that mixes up prepared
    statements can return other rows.
    """
    # The lateral join forces one index look-up per id: for 200 ids the planner may scan all users.
    # `current_roles` is joined by Clerk id: by `user_id`, users are looked up once per role, which is slower.
    # Roles are read as text, since making a list and a set for each row is slower (decision 0027).
    # The left join returns a row per id, so that a read-only server is detected even if no user is known.
    rows = connection.exec_driver_sql(
        """
        select pg_catalog.current_setting('transaction_read_only')::boolean, asked.clerk_id, known.*
        from pg_catalog.unnest(%(ids)b::text[]) as asked (clerk_id)
        left join lateral (
            select id, email, first_name, last_name, banned, deleted,
                   array(select role from akako.current_roles where current_roles.clerk_id = asked.clerk_id)::text
            from akako.current_users where current_users.clerk_id = asked.clerk_id offset 0) as known on true
        """,
        {"ids": list(clerk_ids)},
    ).all()
    if rows and rows[0][0]:
        raise faults.NotPrimary
    answers = {
        asked: KnownUser(id_, asked, email, first, last, banned, deleted, _parse(roles)) if id_ is not None else None
        for _, asked, id_, email, first, last, banned, deleted, roles in rows
    }
    if answers.keys() != clerk_ids or len(rows) != len(clerk_ids):
        raise AnswerMismatch
    return answers


@cache
def _parse(roles: str) -> frozenset[Role]:
    """The roles in an array as PostgreSQL prints it, such as `{LEARNER,MENTOR}`. Raises KeyError for an unknown one."""
    return frozenset(_ROLES[role] for role in roles.strip("{}").split(",") if role)
