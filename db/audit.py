"""Reads the audit trail, and sets the author of a transaction. Triggers write the lines."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from akako_guard.role import Role
from db.permission import Permission

COLUMNS = "id, at, action, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause, before, after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The author of a change, and the reason."""

    actor: str
    """In the format of the trail: `clerk`, a Clerk id, `IMPERSONATOR as CLERK_ID`, or `operator:NAME`."""
    email: str = ""
    reason: str = ""
    cause: str = ""
    """Request id."""
    permission: Permission | None = None
    """What the transaction checks before the change. None for Clerk, and for operators at the command line, who are
    authorised by their access to the database."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit trail."""

    id: int
    at: datetime
    action: str
    clerk_user_id: str | None
    user_role_id: int | None
    role: str | None
    actor: str
    actor_email: str | None
    reason: str | None
    cause: str | None
    """The svix id or request id that caused the change."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Filter for audit lines. None means no condition."""

    user: str | None = None
    """Clerk id of the user that the lines are about."""
    actor: str | None = None
    action: str | None = None
    cause: str | None = None
    """Svix id or request id."""
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""


_CONDITIONS = {
    # By row id, which is indexed; an unknown user has no lines.
    "user": "user_id = (select id from users where clerk_id = %(user)s)",
    "actor": "actor = %(actor)s",
    "action": "action = %(action)s",
    "cause": "cause = %(cause)s",
    "since": "at >= %(since)s",
    "until": "at < %(until)s",
    "before": "id < %(before)s",
    "after": "id > %(after)s",
    "last": "id <= %(last)s",
}


def set_actor(
    connection: Connection,
    actor: str,
    *,
    actor_email: str = "",
    reason: str = "",
    cause: str = "",
    causes: Mapping[str, str] | None = None,
    forced: bool = False,
) -> None:
    """Set the actor that the triggers record for changes in this transaction.

    `cause` is the svix id or request id that caused the changes; `causes` maps Clerk user ids to causes if one
    transaction has several. `forced`: an older event is applied on purpose.
    """
    connection.exec_driver_sql(
        """
        select set_config('akako.actor', %s, true), set_config('akako.actor_email', %s, true),
               set_config('akako.reason', %s, true), set_config('akako.cause', %s, true),
               set_config('akako.causes', %s, true), set_config('akako.forced', %s, true)
        """,
        (actor, actor_email, reason, cause, json.dumps(causes) if causes else "", "true" if forced else ""),
    )


def set_author(
    connection: Connection, author: Author, causes: Mapping[str, str] | None = None, *, forced: bool = False
) -> None:
    """Set the actor from an author."""
    fields = {"actor_email": author.email, "reason": author.reason, "cause": author.cause}
    set_actor(connection, author.actor, **fields, causes=causes, forced=forced)


def page(connection: Connection, selection: AuditFilter, most: int, before: int | None = None) -> list[AuditEntry]:
    """Up to `most` lines with ids below `before`, newest first."""
    # The best index depends on the conditions, so force a new plan for each query.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    return [AuditEntry(*row) for row in connection.exec_driver_sql(*_statement(selection, most, before))]


def following(connection: Connection, selection: AuditFilter, most: int, after: int, last: int) -> list[AuditEntry]:
    """Up to `most` lines with ids above `after` and up to `last`, oldest first."""
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    statement = _statement(selection, most, order="asc", after=after, last=last)
    return [AuditEntry(*row) for row in connection.exec_driver_sql(*statement)]


def _statement(
    selection: AuditFilter, most: int, before: int | None = None, order: str = "desc", **bounds: int
) -> tuple[str, dict[str, object]]:
    """The statement of a page, with its parameters."""
    given = {**asdict(selection), "before": before, **bounds}
    parameters = {name: value for name, value in given.items() if value is not None}
    conditions = " and ".join(["true", *(_CONDITIONS[name] for name in parameters)])
    statement = f"select {COLUMNS} from audit_log where {conditions} order by id {order} limit %(most)s"  # noqa: S608
    return statement, {**parameters, "most": most}


def of_assignment(connection: Connection, assignment_id: int) -> list[AuditEntry]:
    """All lines about one assignment, oldest first."""
    rows = connection.exec_driver_sql(
        f"select {COLUMNS} from audit_log where user_role_id = %s order by id",  # noqa: S608
        (assignment_id,),
    )
    return [AuditEntry(*row) for row in rows]


def caused(connection: Connection, clerk_id: str, cause: str) -> list[AuditEntry]:
    """All lines about a user with this cause, oldest first."""
    # By the user, whose lines are indexed.
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from audit_log
        where user_id = (select id from users where clerk_id = %s) and cause = %s order by id
        """,  # noqa: S608 - constants only
        (clerk_id, cause),
    )
    return [AuditEntry(*row) for row in rows]


def last(connection: Connection) -> int:
    """The id of the newest line; 0 if the trail is empty."""
    return int(connection.exec_driver_sql("select coalesce(max(id), 0) from audit_log").scalar_one())


def own(connection: Connection, after: int, actor: str) -> list[AuditEntry]:
    """The lines with this actor that this transaction added after line `after`, oldest first."""
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from audit_log
        where id > %s and transaction_id = pg_current_xact_id_if_assigned() and actor = %s order by id
        """,  # noqa: S608
        (after, actor),
    )
    return [AuditEntry(*row) for row in rows]


def note_refused(connection: Connection, clerk_id: str, needed: Collection[Role], operation: str) -> None:
    """Record that an operation was refused to a user; at most once per user and hour, otherwise do nothing.

    The database writes the line only if the user exists, is not deleted, and is banned or lacks a required role.
    """
    connection.exec_driver_sql(
        "select akako_note_refused(%s, %s, %s)", (clerk_id, sorted(role.value for role in needed), operation)
    )
