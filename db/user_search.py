"""The directory: users as people look them up, with the roles they hold at this instant."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from clerk.text import search_key
from config.role import Role
from db.users import LONGEST_SEARCH_KEY

_ENTRY = """
    users.id, clerk_id, email, claimed_email, first_name, last_name, username, image_url, external_id, banned,
    clerk_created_at, clerk_updated_at, deleted_at,
    array(
        select distinct role from user_roles
        where user_id = users.id and is_active and deleted_at is null
          and effective_start_date <= now()
          and (effective_end_date is null or effective_end_date > now())
        order by role)
"""

# Each is one range of an index: what follows the prefix lies before the prefix and the last character that there is.
_BEGINS = " or ".join(
    f"({expression} >= %(key)s and {expression} < %(key)s || chr(1114111))"
    for expression in (
        "left(coalesce(search_keys ->> 'name', lower(ltrim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))"
        ' collate "C")), 200) collate "C"',
        'left(coalesce(search_keys ->> \'last_name\', lower(last_name collate "C")), 200) collate "C"',
        'left(coalesce(search_keys ->> \'username\', lower(username collate "C")), 200) collate "C"',
        'lower(claimed_email collate "C")',
        "(search_keys ->> 'email') collate \"C\"",
    )
)

_HOLDS = """
    users.id in (
        select user_id from user_roles
        where role = %(role)s and is_active
          and effective_start_date <= now()
          and (effective_end_date is null or effective_end_date > now()))
"""


@dataclass(frozen=True, slots=True)
class UserEntry:
    """A user as the directory shows one."""

    id: int
    clerk_id: str
    email: str | None
    """The address that the user holds; None while another living user holds the claimed one."""
    claimed_email: str | None
    first_name: str | None
    last_name: str | None
    username: str | None
    image_url: str | None
    external_id: str | None
    banned: bool
    clerk_created_at: datetime | None
    clerk_updated_at: datetime | None
    deleted_at: datetime | None
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users are wanted; None asks nothing."""

    text: str | None = None
    """How the name, the last name, the username or the e-mail address begins, case-insensitive."""
    role: Role | None = None
    """Held at this instant."""
    banned: bool | None = None
    deleted: bool | None = None


def search(connection: Connection, wanted: UserFilter, most: int, before: int | None = None) -> list[UserEntry]:
    """Up to `most` users, newest row first, from below row id `before` on: a page stays right while users are added."""
    # How many users begin with a text decides which index is right, so the plan is made for each text anew.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    rows = connection.exec_driver_sql(*_statement(wanted, most, before))
    return [_entry(*row) for row in rows]


def _statement(wanted: UserFilter, most: int, before: int | None = None) -> tuple[str, dict[str, object]]:
    """The statement of a search, with its parameters."""
    conditions = [
        "true",
        *(["users.id < %(before)s"] if before is not None else []),
        *([f"({_BEGINS})"] if wanted.text else []),
        *([_HOLDS] if wanted.role else []),
        *(["banned = %(banned)s"] if wanted.banned is not None else []),
        *(["(deleted_at is not null) = %(deleted)s"] if wanted.deleted is not None else []),
    ]
    statement = f"select {_ENTRY} from users where {' and '.join(conditions)} order by users.id desc limit %(most)s"  # noqa: S608
    role = wanted.role.value if wanted.role else None
    key = search_key(wanted.text)[:LONGEST_SEARCH_KEY] if wanted.text else None
    return statement, {**asdict(wanted), "role": role, "key": key, "before": before, "most": most}


def newest(connection: Connection) -> int:
    """The row id of the newest user; 0 if there is none."""
    return int(connection.exec_driver_sql("select coalesce(max(id), 0) from users").scalar_one())


def show(connection: Connection, clerk_id: str) -> UserEntry | None:
    """The user with this Clerk id, be it a tombstone; None if we never heard of it."""
    rows = connection.exec_driver_sql(f"select {_ENTRY} from users where clerk_id = %s", (clerk_id,))  # noqa: S608
    return next((_entry(*row) for row in rows), None)


def _entry(*row: Any) -> UserEntry:
    *said, roles = row
    return UserEntry(*said, tuple(map(Role, roles)))  # type: ignore[call-arg]  # as many as there are columns
