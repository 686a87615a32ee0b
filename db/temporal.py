"""Bitemporal queries over the audit trail: roles held at one instant, as recorded at another.

Every line of the trail is a version of an assignment or a user, valid from when it was recorded until the next line
about the same row. Two instants select the result: `at` is the instant that the question is about, and `as_of` decides
which lines count. With `as_of` equal to `at`, the result is what the guard decided then; with a later one, it includes
corrections.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from akako_guard.role import Role
from db.assignments import Assignment
from db.instants import Instants
from db.row_versions import HELD, ONE_USER, ROLE_VERSIONS, STATUS, USER_RANGE, USER_VERSIONS, known


class UserStatus(StrEnum):
    """Status of a user for the guard."""

    UNKNOWN = "unknown"
    ACTIVE = "active"
    BANNED = "banned"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Version:
    """An assignment as recorded at `as_of`; `held` refers to `at`."""

    assignment: Assignment
    effective_end: datetime | None
    """The end of the window, or the time at which the assignment was closed before that."""
    closed_at: datetime | None
    """When the closing of the assignment was recorded; None while it is active."""


@dataclass(frozen=True, slots=True)
class Revision:
    """An audit line that changed the result for `at`."""

    user_role_id: int
    role: Role
    held: bool
    """Whether, from this line on, the role counts as held at `at`."""
    recorded_at: datetime
    line: int
    action: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """A role held in a window of time."""

    id: int
    """Id of the assignment."""
    role: Role
    effective_start_date: datetime
    effective_end_date: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A user who held roles at `at`."""

    id: int
    clerk_id: str
    user_status: UserStatus
    assignments: tuple[Window, ...]


def versions(connection: Connection, user_id: int, instants: Instants) -> list[Version]:
    """All assignments of a user that were recorded by `as_of`, latest start first."""
    rows = connection.exec_driver_sql(
        f"""
        {known(ONE_USER)}
        select role.user_role_id, role.role, starts, ends, role.after ->> 'assigned_by',
               role.after ->> 'assigned_by_email', role.after ->> 'reason', role.after ->> 'end_reason',
               role.after ->> 'admin_notes', in_force, user_roles.created_at, role.recorded_at, ({HELD}),
               case when in_force then ends else least(ends, closed_at) end,
               case when not in_force then closed_at end
        from role join user_roles on user_roles.id = role.user_role_id
        left join person on person.user_id = role.user_id
        order by starts desc, role.user_role_id desc
        """,  # noqa: S608 - constants only
        {"user_id": user_id, "at": instants.at, "as_of": instants.as_of},
    )
    return [Version(Assignment(row[0], Role(row[1]), *row[2:13]), row[13], row[14]) for row in rows]


def status(connection: Connection, user_id: int, instants: Instants) -> UserStatus:
    """The status of a user at `at`."""
    found = connection.exec_driver_sql(
        f"""
        {known(ONE_USER)}
        select {STATUS} from (values (%(user_id)s::bigint)) as asked (user_id)
        left join person using (user_id) left join earlier using (user_id)
        """,  # noqa: S608 - constants only
        {"user_id": user_id, "at": instants.at, "as_of": instants.as_of},
    )
    return UserStatus(found.scalar_one())


def revisions(connection: Connection, user_id: int, instants: Instants) -> list[Revision]:
    """The lines recorded after the earlier of the two instants that changed the result for `at`, oldest first.

    Lines recorded by `as_of` are included in the result; later ones are not.
    """
    rows = connection.exec_driver_sql(
        f"""
        with role as ({ROLE_VERSIONS.format(users=ONE_USER)}),
             person as ({USER_VERSIONS.format(users=ONE_USER)}),
             role_span as (
                 select *, lead(recorded_at, 1, 'infinity') over (partition by user_role_id order by line)
                        as replaced_at
                 from role),
             person_span as (
                 select *, lead(recorded_at, 1, 'infinity') over (order by line) as replaced_at
                 from person),
             span as (
                 select role_span.user_role_id, role_span.role,
                        greatest(role_span.recorded_at, person_span.recorded_at) as since,
                        case when role_span.recorded_at >= person_span.recorded_at then role_span.line
                             else person_span.line end as line,
                        ({HELD}) as held
                 from role_span join person_span
                   on greatest(role_span.recorded_at, person_span.recorded_at)
                      < least(role_span.replaced_at, person_span.replaced_at)),
             change as (
                 select *, lag(held, 1, false) over (partition by user_role_id order by since) as held_before from span)
        select change.user_role_id, change.role, held, since, line, action, actor, reason
        from change join audit_log on audit_log.id = line
        where held <> held_before and since > least(%(at)s, %(as_of)s) and since <= now()
        order by since, line, change.user_role_id
        """,  # noqa: S608 - constants only
        {"user_id": user_id, "at": instants.at, "as_of": instants.as_of},
    )
    return [Revision(row[0], Role(row[1]), *row[2:]) for row in rows]


def holders(
    connection: Connection, instants: Instants, after: int, users: int, role: Role | None = None
) -> tuple[list[Holder], int | None]:
    """The holders of a role (any, or `role`) among the next `users` users above row id `after`, and their last row id.

    The row id is None if there are no more users.
    """
    last = connection.exec_driver_sql(
        "select max(id) from (select id from users where id > %s order by id limit %s) as page", (after, users)
    ).scalar_one()
    if last is None:
        return [], None
    # The best index depends on the range, so force a new plan for each page.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    rows = connection.exec_driver_sql(
        f"""
        {known(USER_RANGE)}
        select users.id, users.clerk_id, {STATUS}, role.user_role_id, role.role, starts, ends
        from role join users on users.id = role.user_id
        left join person on person.user_id = users.id left join earlier on earlier.user_id = users.id
        where {HELD} and (%(role)s::text is null or role.role = %(role)s)
        order by users.id, role.role, role.user_role_id
        """,  # noqa: S608 - constants only
        {
            "after": after,
            "last": last,
            "at": instants.at,
            "as_of": instants.as_of,
            "role": role and role.value,
        },
    )
    return [_holder(user, assignments) for user, assignments in groupby(rows, key=lambda row: row[:3])], int(last)


def _holder(user: Any, assignments: Iterable[Any]) -> Holder:
    id_, clerk_id, status_ = user
    windows = tuple(Window(each[3], Role(each[4]), each[5], each[6]) for each in assignments)
    return Holder(id_, clerk_id, UserStatus(status_), windows)
