"""Users and their roles as they are at one moment, row by row, to be compared with another moment."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserImage:
    """One user; what merely counts rows or says when one was written is left out."""

    user: Row | None
    """None if we do not know the user."""
    roles: dict[int, Row] = field(default_factory=dict)
    """Every assignment, by its id."""


def read(connection: Connection, clerk_ids: Collection[str]) -> dict[str, UserImage]:
    """The portraits of these users, by Clerk's id, the unknown ones too."""
    asked = {"ids": list(clerk_ids)}
    users = connection.exec_driver_sql(
        """
        select clerk_id, to_jsonb(users) - '{id,clerk_id,search_keys,created_at,updated_at}'::text[]
        from users where clerk_id = any(%(ids)b::text[])
        """,
        asked,
    )
    known = {clerk_id: UserImage(row) for clerk_id, row in users}
    roles = connection.exec_driver_sql(
        """
        select clerk_id, user_roles.id, to_jsonb(user_roles) - '{id,user_id,role_no,created_at,updated_at}'::text[]
        from user_roles join users on users.id = user_id where clerk_id = any(%(ids)b::text[])
        """,
        asked,
    )
    for clerk_id, assignment_id, row in roles:
        known[clerk_id].roles[assignment_id] = row
    return {clerk_id: known.get(clerk_id, UserImage(None)) for clerk_id in clerk_ids}
