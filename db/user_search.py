"""Searches users, with the roles that they hold now."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.text import search_key
from db.held import HELD_NOW, REFUSED
from db.users import LONGEST_SEARCH_KEY

_ENTRY = f"""
    users.id, clerk_id, email, claimed_email, first_name, last_name, username, image_url, external_id, {REFUSED},
    clerk_created_at, clerk_updated_at, deleted_at,
    array(
        select distinct role from user_roles
        where user_id = users.id and deleted_at is null and {HELD_NOW}
        order by role)
"""  # noqa: S608 - a constant

# Each condition is one index range: texts with a prefix sort before the prefix followed by the last Unicode character.
_SEARCHED = tuple(
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
_BEGINS = " or ".join(_SEARCHED)

FEW = 3_000
"""Matches of a text that are read before the newest users among them are selected."""
_PARTS = " union all ".join(
    f"(select id from users where {condition} limit {FEW + 1})"  # noqa: S608
    for condition in _SEARCHED
)
_FEW = f"select array(select id from ({_PARTS}) as found limit {FEW + 1})"  # noqa: S608

_HOLDS = f"""
    users.id in (select user_id from user_roles where role = %(role)s and {HELD_NOW})
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class UserEntry:
    """A user as listed by a search."""

    id: int
    clerk_id: str
    email: str | None
    """E-mail address held by the user; None while another user that is not deleted holds the claimed address."""
    claimed_email: str | None
    first_name: str | None
    last_name: str | None
    username: str | None
    image_url: str | None
    external_id: str | None
    banned: bool
    """Banned in Clerk, or deleted there while the deletion is held."""
    clerk_created_at: datetime | None
    clerk_updated_at: datetime | None
    deleted_at: datetime | None
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Filter for users. None means no condition."""

    text: str | None = None
    """Prefix of the name, last name, username or e-mail address; case-insensitive."""
    role: Role | None = None
    """Only users who hold this role now."""
    banned: bool | None = None
    deleted: bool | None = None


def search(connection: Connection, selection: UserFilter, most: int, before: int | None = None) -> list[UserEntry]:
    """Up to `most` users with row ids below `before`, newest first. Pages stay consistent while users are added."""
    # The best index depends on how many users match the prefix, so force a new plan for each query.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    few = _few(connection, selection.text) if selection.text else None
    rows = connection.exec_driver_sql(*_statement(selection, most, before, few))
    return [_entry(*row) for row in rows]


def _few(connection: Connection, text: str) -> list[int] | None:
    """The row ids of the users that match a text; None if there are more than `FEW`, of which the newest come soon."""
    # By the indexes, whatever PostgreSQL estimates: it knows little about texts that begin alike.
    _scan(connection, "off")
    ids: list[int] = connection.exec_driver_sql(_FEW, {"key": _key(text)}).scalar_one()
    _scan(connection, "on")
    return ids if len(ids) <= FEW else None


def _scan(connection: Connection, whether: str) -> None:
    """Allow or forbid, in this transaction, plans that read whole tables or all matches of an index."""
    connection.exec_driver_sql(
        "select set_config('enable_seqscan', %(on)s, true), set_config('enable_bitmapscan', %(on)s, true)",
        {"on": whether},
    )


def _key(text: str) -> str:
    return search_key(text)[:LONGEST_SEARCH_KEY]


def _statement(
    selection: UserFilter, most: int, before: int | None = None, few: list[int] | None = None
) -> tuple[str, dict[str, object]]:
    """The statement of a search, with its parameters; `few` are the row ids of all users that match the text."""
    begins = f"({_BEGINS})" if few is None else "users.id = any(%(few)b::bigint[])"
    conditions = [
        "true",
        *(["users.id < %(before)s"] if before is not None else []),
        *([begins] if selection.text else []),
        *([_HOLDS] if selection.role else []),
        *([f"{REFUSED} = %(banned)s"] if selection.banned is not None else []),
        *(["(deleted_at is not null) = %(deleted)s"] if selection.deleted is not None else []),
    ]
    statement = f"select {_ENTRY} from users where {' and '.join(conditions)} order by users.id desc limit %(most)s"  # noqa: S608
    role = selection.role.value if selection.role else None
    key = _key(selection.text) if selection.text else None
    return statement, {**asdict(selection), "role": role, "key": key, "few": few, "before": before, "most": most}


def newest(connection: Connection) -> int:
    """The row id of the newest user; 0 if there is none."""
    return int(connection.exec_driver_sql("select coalesce(max(id), 0) from users").scalar_one())


def show(connection: Connection, clerk_id: str) -> UserEntry | None:
    """The user with this Clerk id, including deleted users; None if unknown."""
    rows = connection.exec_driver_sql(f"select {_ENTRY} from users where clerk_id = %s", (clerk_id,))  # noqa: S608
    return next((_entry(*row) for row in rows), None)


def _entry(*row: Any) -> UserEntry:
    *columns, roles = row
    return UserEntry(*columns, tuple(map(Role, roles)))  # type: ignore[call-arg]  # one argument per column
