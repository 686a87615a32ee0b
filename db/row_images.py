"""Images of the rows of users and their roles, for comparison before and after a change."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UserImage:
    """The rows of one user, without row ids and row times."""

    user: Row | None
    """None if the user is unknown."""
    roles: dict[int, Row] = field(default_factory=dict)
    """All assignments, by id."""


def read(connection: Connection, clerk_ids: Collection[str]) -> dict[str, UserImage]:
    """The images of these users, by Clerk id, including unknown ones."""
    parameters = {"ids": list(clerk_ids)}
    users = connection.exec_driver_sql(
        """
        select clerk_id, to_jsonb(users) - '{id,clerk_id,search_keys,created_at,updated_at}'::text[]
        from users where clerk_id = any(%(ids)b::text[])
        """,
        parameters,
    )
    known = {clerk_id: UserImage(row) for clerk_id, row in users}
    roles = connection.exec_driver_sql(
        """
        select clerk_id, user_roles.id, to_jsonb(user_roles) - '{id,user_id,role_no,created_at,updated_at}'::text[]
        from user_roles join users on users.id = user_id where clerk_id = any(%(ids)b::text[])
        """,
        parameters,
    )
    for clerk_id, assignment_id, row in roles:
        known[clerk_id].roles[assignment_id] = row
    return {clerk_id: known.get(clerk_id, UserImage(None)) for clerk_id in clerk_ids}
