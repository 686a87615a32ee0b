"""Adds roles that another system has recorded, many users in one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from akako_guard.role import Role

_FOUND_BY = {
    "clerk-id": "clerk_id = any(%(values)s)",
    "external-id": "external_id = any(%(values)s)",
    # Compared as the address of a user is: without regard to the case of ASCII letters.
    "email": 'lower(email collate "C") = any(%(values)s)',
}
_NAMED = {"clerk-id": "clerk_id", "external-id": "external_id", "email": 'lower(email collate "C")'}


@dataclass(frozen=True, slots=True)
class Subject:
    """A user that a file names."""

    who: str
    """By what it was found."""
    id: int
    clerk_id: str
    is_deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldWindow:
    """A window in which a user holds a role."""

    user_id: int
    role: Role
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRole:
    """A window to add."""

    window: HeldWindow
    by: str
    why: str


def subjects(connection: Connection, kind: str, values: Collection[str]) -> list[Subject]:
    """The users with these Clerk ids, external ids or held e-mail addresses (`clerk-id`, `external-id`, `email`)."""
    wanted = [value.encode().lower().decode() for value in values] if kind == "email" else list(values)
    rows = connection.exec_driver_sql(
        f"select {_NAMED[kind]}, id, clerk_id, deleted_at is not null from users where {_FOUND_BY[kind]}",  # noqa: S608
        {"values": wanted},
    )
    return [Subject(*row) for row in rows]


def held(connection: Connection, user_ids: Collection[int]) -> dict[int, list[HeldWindow]]:
    """All windows of these users that are not empty, past ones too, by row id."""
    rows = connection.exec_driver_sql(
        """
        select user_id, role, effective_start_date, effective_end_date from user_roles
        where user_id = any(%s) and effective_start_date is distinct from effective_end_date
        """,
        (list(user_ids),),
    )
    found: dict[int, list[HeldWindow]] = {}
    for user_id, role, start, end in rows:
        found.setdefault(user_id, []).append(HeldWindow(user_id=user_id, role=Role(role), start=start, end=end))
    return found


def add(connection: Connection, roles: Sequence[ImportedRole], now: datetime, otherwise: str) -> None:
    """Add windows, marked as imported. `otherwise`: the reason where there is none.

    Windows that are over are closed at once, which only the owner of the tables may. The author must be set
    (`db/audit.py`), without a reason: the trail has the reason of each window.
    """
    over = [each for each in roles if each.window.end is not None and each.window.end <= now]
    _add(connection, [each for each in roles if each.window.end is None or each.window.end > now], otherwise, "", "")
    _add(connection, over, otherwise, ", is_active, end_reason", ", false, 'Its time ran out before the import.'")


def _add(connection: Connection, roles: Sequence[ImportedRole], otherwise: str, columns: str, values: str) -> None:
    if not roles:
        return
    connection.exec_driver_sql(
        f"""
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, reason{columns})
        select user_id, role, starts, ends, 'imported: ' || assigner, coalesce(nullif(why, ''), %(otherwise)s){values}
        from unnest(%(users)s::bigint[], %(roles)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
                    %(by)s::text[], %(why)s::text[]) as new (user_id, role, starts, ends, assigner, why)
        """,  # noqa: S608 - constants only
        {
            "users": [each.window.user_id for each in roles],
            "roles": [each.window.role.value for each in roles],
            "starts": [each.window.start for each in roles],
            "ends": [each.window.end for each in roles],
            "by": [each.by for each in roles],
            "why": [each.why for each in roles],
            "otherwise": otherwise,
        },
    )
