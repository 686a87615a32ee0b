"""`akako audit`: the trail, on the command line."""

from collections.abc import Iterable
from datetime import datetime

import click
from sqlalchemy import Engine

from api.responses import AuditLine
from cli import output, paging
from cli.connection import database
from cli.text_options import CLERK_ID
from cli.times import MOMENT, formatted, judge_range
from db import audit as lines
from db import faults, user_search
from db.audit import AuditFilter
from dev.terminal import escape
from roles import trail
from roles.final_order import FinalOrder

FINAL_SECONDS = 5.0
"""How long --after waits for the newest lines to be final."""


@click.command(
    epilog="""\b
    Examples:
      akako audit
      akako audit --user user_2abc --limit 10
      akako audit --actor operator:grace --since 2026-01-01T00:00:00Z
      akako audit --action role.revoked --all --json > revoked.jsonl
      akako audit --after 0 --all --json > trail.jsonl
    """
)
@click.option("--user", type=CLERK_ID, help="Whom the lines are about: a Clerk id.")
@click.option("--actor", help="Who did it, exactly as the lines say it.")
@click.option("--action", help="What happened, as role.assigned.")
@click.option("--since", type=MOMENT, help="From then on.")
@click.option("--until", type=MOMENT, help="From before then.")
@click.option("--before", type=int, help="Continue before this line, as the end of the previous page says.")
@click.option("--after", type=click.IntRange(min=0), help="Oldest first, after this position: misses no line, ever.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many lines at most.")
@click.option("--all", "whole", is_flag=True, help="However many there are.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def audit(
    user: str | None,
    actor: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    before: int | None,
    after: int | None,
    limit: int,
    whole: bool,
    as_json: bool,
) -> None:
    """Print the audit trail, newest entries first.

    To follow the trail, use --after: it prints only final lines, those that no line appearing later can precede, and
    says on standard error which --after continues. With --since a line can appear after later ones have been printed.
    """
    if before is not None and after is not None:
        raise click.UsageError("Give --before or --after: --after prints the oldest line first.")
    judge_range(since, until)
    wanted = AuditFilter(user=user, actor=actor, action=action, since=since, until=until)
    with database() as pool:
        _judge_user(pool, user)
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
        message = "This server takes no writes and does not list the primary's transactions."
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
        ("Id", "At (UTC)", "What", "About", "Role", "By", "Why", "Because of"),
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


def _judge_user(pool: Engine, user: str | None) -> None:
    """Refuse the id of a user whom neither the users nor the trail name: it is mistyped."""
    if user is None:
        return
    with pool.begin() as connection:
        known = user_search.show(connection, user) or lines.page(connection, AuditFilter(user=user), 1)
    if not known:
        raise click.UsageError(f"There is no user {user}, and no line about one. `akako users list` has the ids.")
