"""The callers: everything that the guard asks about users, in one indexed query for as many as ask at once."""

from collections.abc import Collection, Set
from dataclasses import dataclass

from sqlalchemy import Connection

from config.role import Role
from db import faults

_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class KnownUser:
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


class AnswerMismatch(Exception):
    """The rows are not the answer to this query. Nothing follows from them, least of all that a user is unknown."""


def find(connection: Connection, clerk_ids: Collection[str]) -> dict[str, KnownUser]:
    """The users that we know among these, by Clerk's id; a tombstone is known, as deleted. Raises NotPrimary."""
    answers = look_up(connection, set(clerk_ids))
    return {clerk_id: known for clerk_id, known in answers.items() if known is not None}


def look_up(connection: Connection, clerk_ids: Set[str]) -> dict[str, KnownUser | None]:
    """For each of these ids the user; None only where a row of its own says that we know none.

    Raises NotPrimary, and AnswerMismatch for anything but one row for each id, as a pooler that mixes up prepared
    statements gives.
    """
    # A look-up for each id, whatever the planner believes of their number: for 200 together it may read all users.
    # And a row for each, so that the server says what it is also where nobody is known.
    rows = connection.exec_driver_sql(
        """
        select current_setting('transaction_read_only')::boolean, asked.clerk_id, known.*
        from unnest(%(ids)b::text[]) as asked (clerk_id)
        left join lateral (
            select id, email, first_name, last_name, banned, deleted_at is not null,
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
    answers = {
        asked: KnownUser(id_, asked, email, first, last, banned, deleted, frozenset(_ROLES[role] for role in roles))
        if id_ is not None
        else None
        for _, asked, id_, email, first, last, banned, deleted, roles in rows
    }
    if answers.keys() != clerk_ids or len(rows) != len(clerk_ids):
        raise AnswerMismatch
    return answers
