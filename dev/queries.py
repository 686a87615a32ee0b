"""What the demonstration reads from the tables, and the one role that it assigns as an operator would."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from db import audit

OPERATOR = "akako demo"


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user's row."""

    id: int
    clerk_id: str
    name: str
    email: str | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """A role in its window, and whether it counts at this moment."""

    clerk_id: str
    role: str
    starts: datetime
    ends: datetime | None
    counts: bool
    is_active: bool
    why: str | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A line of the audit trail."""

    at: datetime
    action: str
    clerk_id: str
    role: str | None
    actor: str
    reason: str | None
    cause: str | None


def events(connection: Connection, svix_ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Status and reason of the kept events among these, by svix id."""
    rows = connection.exec_driver_sql(
        "select svix_id, status, last_error from webhook_events where svix_id = any(%s)", (list(svix_ids),)
    )
    return {svix_id: (status, reason) for svix_id, status, reason in rows}


def users(connection: Connection, clerk_ids: Sequence[str]) -> list[UserRow]:
    """The users among these that we have, in the order of their rows."""
    rows = connection.exec_driver_sql(
        """
        select id, clerk_id, concat_ws(' ', first_name, last_name), email, deleted_at
        from users where clerk_id = any(%s) order by id
        """,
        (list(clerk_ids),),
    )
    return [UserRow(*row) for row in rows]


def assignments(connection: Connection, clerk_ids: Sequence[str]) -> list[AssignmentRow]:
    """Every role that these users hold, held or will hold."""
    rows = connection.exec_driver_sql(
        """
        select clerk_id, role, effective_start_date, effective_end_date,
               is_active and deleted_at is null and effective_start_date <= now()
                   and coalesce(effective_end_date > now(), true),
               is_active, coalesce(end_reason, reason)
        from user_roles join users on users.id = user_roles.user_id
        where clerk_id = any(%s) order by user_roles.id
        """,
        (list(clerk_ids),),
    )
    return [AssignmentRow(*row) for row in rows]


def trail(connection: Connection, clerk_ids: Sequence[str]) -> list[AuditRow]:
    """What the audit trail says about these users, first to last."""
    rows = connection.exec_driver_sql(
        """
        select at, action, clerk_user_id, role, actor, reason, cause
        from audit_log where clerk_user_id = any(%s) order by id
        """,
        (list(clerk_ids),),
    )
    return [AuditRow(*row) for row in rows]


def assign_for_a_while(connection: Connection, clerk_id: str, role: str, seconds: float) -> None:
    """Give a user a role that ends so many seconds from now."""
    audit.set_actor(connection, OPERATOR, reason="Stands in for a colleague.")
    connection.exec_driver_sql(
        """
        insert into user_roles (user_id, role, effective_start_date, effective_end_date, assigned_by, reason)
        select id, %s, now(), now() + make_interval(secs => %s), %s, 'Stands in for a colleague.'
        from users where clerk_id = %s
        """,
        (role, seconds, OPERATOR, clerk_id),
    )
