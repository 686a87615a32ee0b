"""The audit trail: who acts and why, told to the database once per transaction; its triggers write, we read."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from config.role import Role
from db.permission import Permission

COLUMNS = "id, at, action, clerk_user_id, user_role_id, role, actor, actor_email, reason, cause, before, after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes something, and why."""

    actor: str
    """As the trail says it: `clerk`, a Clerk id, `IMPERSONATOR as CLERK_ID`, or `operator:NAME`."""
    email: str = ""
    reason: str = ""
    cause: str = ""
    """The request's id."""
    permission: Permission | None = None
    """What the changing transaction checks. None for Clerk, and for operators at the command line, who act by their
    access to the database."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change, as the database wrote it down."""

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
    """The svix id or request id behind it."""
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines are asked for; None asks nothing."""

    user: str | None = None
    """Clerk's id of whom it is about."""
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Lines from before this instant."""


_CONDITIONS = {
    # By our own id, which is in the index; a user whom we never heard of has no lines.
    "user": "user_id = (select id from users where clerk_id = %(user)s)",
    "actor": "actor = %(actor)s",
    "action": "action = %(action)s",
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
    """Name who is behind this transaction's changes, until it ends.

    `cause` is the svix id or request id behind them; `causes` says it by Clerk user id where one transaction has many.
    `forced`: a person insists on an older event.
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
    """The same of an author."""
    said = {"actor_email": author.email, "reason": author.reason, "cause": author.cause}
    set_actor(connection, author.actor, **said, causes=causes, forced=forced)


def page(connection: Connection, wanted: AuditFilter, most: int, before: int | None = None) -> list[AuditEntry]:
    """Up to `most` lines, newest first, from below line `before` on."""
    # What is asked for decides which index is right, so the plan is made for each question anew.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    return [AuditEntry(*row) for row in connection.exec_driver_sql(*_statement(wanted, most, before))]


def following(connection: Connection, wanted: AuditFilter, most: int, after: int, last: int) -> list[AuditEntry]:
    """Up to `most` lines above line `after` up to line `last`, oldest first."""
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    asked = _statement(wanted, most, order="asc", after=after, last=last)
    return [AuditEntry(*row) for row in connection.exec_driver_sql(*asked)]


def _statement(
    wanted: AuditFilter, most: int, before: int | None = None, order: str = "desc", **place: int
) -> tuple[str, dict[str, object]]:
    """The statement of a page, with its parameters."""
    given = {**asdict(wanted), "before": before, **place}
    asked = {name: value for name, value in given.items() if value is not None}
    conditions = " and ".join(["true", *(_CONDITIONS[name] for name in asked)])
    statement = f"select {COLUMNS} from audit_log where {conditions} order by id {order} limit %(most)s"  # noqa: S608
    return statement, {**asked, "most": most}


def of_assignment(connection: Connection, assignment_id: int) -> list[AuditEntry]:
    """What the trail says of one assignment, first to last."""
    rows = connection.exec_driver_sql(
        f"select {COLUMNS} from audit_log where user_role_id = %s order by id",  # noqa: S608
        (assignment_id,),
    )
    return [AuditEntry(*row) for row in rows]


def last(connection: Connection) -> int:
    """The id of the newest line; 0 if there is none."""
    return int(connection.exec_driver_sql("select coalesce(max(id), 0) from audit_log").scalar_one())


def own(connection: Connection, after: int, actor: str) -> list[AuditEntry]:
    """The lines that this transaction added on an actor's account since line `after`, first to last."""
    rows = connection.exec_driver_sql(
        f"""
        select {COLUMNS} from audit_log
        where id > %s and transaction_id = pg_current_xact_id_if_assigned() and actor = %s order by id
        """,  # noqa: S608
        (after, actor),
    )
    return [AuditEntry(*row) for row in rows]


def note_refused(connection: Connection, clerk_id: str, needed: Collection[Role], operation: str) -> None:
    """Add a line saying that the user was refused an operation; at most one per user and hour, which is no error.

    The database writes it only about a living user who is banned, or lacks a role that the operation needs.
    """
    connection.exec_driver_sql(
        "select akako_note_refused(%s, %s, %s)", (clerk_id, sorted(role.value for role in needed), operation)
    )
