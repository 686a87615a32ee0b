"""`akako audit`: prints the audit trail."""

from collections.abc import Iterable
from datetime import datetime

import click
from sqlalchemy import Engine

from akako_guard.database import faults
from api.responses import AuditLine
from cli import output, paging
from cli.connection import database
from cli.text_options import CLERK_ID
from cli.times import MOMENT, check_range, formatted
from db import audit as lines
from db import user_search
from db.audit import AuditFilter
from dev.terminal import escape
from roles import trail
from roles.final_order import FinalOrder

FINAL_SECONDS = 5.0
"""How long --after waits until the newest lines are final."""


@click.command(
    epilog="""\b
    Examples:
      akako audit
      akako audit --user user_2abc --limit 10
      akako audit --actor operator:grace --since 2026-01-01T00:00:00Z
      akako audit --cause msg_2abc
      akako audit --action role.revoked --all --json > revoked.jsonl
      akako audit --after 0 --all --json > trail.jsonl
    """
)
@click.option("--user", type=CLERK_ID, help="Only lines about this user (Clerk id).")
@click.option("--actor", help="Only lines by this actor, exactly as recorded.")
@click.option("--action", help="Only lines with this action, such as role.assigned.")
@click.option("--cause", help="Only lines that this delivery (svix id) or request caused.")
@click.option("--since", type=MOMENT, help="Only lines at or after this time.")
@click.option("--until", type=MOMENT, help="Only lines before this time.")
@click.option("--before", type=int, help="Continue before this line id, as printed after the previous page.")
@click.option("--after", type=click.IntRange(min=0), help="Oldest first, after this position; never misses a line.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Maximum number of lines.")
@click.option("--all", "whole", is_flag=True, help="Print all lines, without a limit.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def audit(
    user: str | None,
    actor: str | None,
    action: str | None,
    cause: str | None,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    after: int | None,
    limit: int,
    whole: bool,
    as_json: bool,
) -> None:
    """Print the audit trail, newest first.

    To follow the trail, use --after: it prints only final lines (no line that appears later can precede them) and
    prints the --after value to continue with to standard error. With --since, a line can appear after later ones
    have already been printed.
    """
    if before is not None and after is not None:
        raise click.UsageError("--before and --after cannot be combined: --after prints the oldest line first.")
    check_range(since, until)
    wanted = AuditFilter(user=user, actor=actor, action=action, cause=cause, since=since, until=until)
    with database() as pool:
        _check_user(pool, user)
        if after is not None:
            _follow(pool, wanted, after, None if whole else limit, as_json)
            return
        found = trail.stream(pool, wanted, before)
        if whole:
            with pool.begin() as connection:
                newest = lines.last(connection)
            _print(paging.with_progress("lines", found, newest, lambda line: line.id, descending=True), as_json)
            return
        page, more = paging.first(found, limit)
        _print(page, as_json)
    if more:
        paging.next_page(before=page[-1].id)


def _follow(pool: Engine, wanted: AuditFilter, after: int, limit: int | None, as_json: bool) -> None:
    try:
        final = FinalOrder(pool, FINAL_SECONDS).position()
    except faults.NotPrimary as error:
        message = "This server is read-only and does not list the primary's transactions."
        raise click.ClickException(f"{message}\nWhat to do: point DATABASE_URL at the primary.") from error
    last = max(final.position, after)
    found = trail.following(pool, wanted, after, last)
    if limit is None:
        _print(paging.with_progress("lines", found, last, lambda line: line.id), as_json)
    else:
        page, more = paging.first(found, limit)
        _print(page, as_json)
        last = page[-1].id if more else last
    if final.open_writers:
        pids = ", ".join(sorted(str(each.pid or "prepared") for each in final.open_writers))
        click.echo(
            "Later lines are not final yet: transactions that may add earlier ones are still open in the PostgreSQL"
            f" processes {pids}. Try again when they have ended.",
            err=True,
        )
    click.echo(escape(f"Continue with: {paging.command(after=last)}"), err=True)


def _print(found: Iterable[lines.AuditEntry], as_json: bool) -> None:
    if as_json:
        for line in found:
            click.echo(escape(AuditLine.model_validate(line).model_dump_json()))
        return
    output.table(
        "Audit trail",
        ("Id", "At (UTC)", "Action", "User", "Role", "Actor", "Reason", "Cause"),
        (
            (
                str(each.id),
                formatted(each.at),
                each.action,
                each.clerk_user_id,
                each.role,
                each.actor,
                each.reason,
                each.cause,
            )
            for each in found
        ),
    )


def _check_user(pool: Engine, user: str | None) -> None:
    """Raise UsageError if neither `users` nor the audit trail contains this user id."""
    if user is None:
        return
    with pool.begin() as connection:
        known = user_search.show(connection, user) or lines.page(connection, AuditFilter(user=user), 1)
    if not known:
        raise click.UsageError(
            f"There is no user {user}, and no audit line about one. `akako users list` shows the ids."
        )
