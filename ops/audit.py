"""`akako audit`: the trail, on the command line."""

from datetime import datetime
from itertools import islice

import click
from sqlalchemy import Engine

from access import trail
from api.answers import Line
from db import audit as audit_lines
from db import directory
from db.audit import Wanted
from ops import sheet
from ops.connection import database
from ops.moment import MOMENT, judge_range, written
from ops.terminal import shown
from ops.texts import CLERK_ID


@click.command(
    epilog="""\b
    Examples:
      akako audit
      akako audit --user user_2abc --limit 10
      akako audit --actor operator:grace --since 2026-01-01T00:00:00Z
      akako audit --action role.revoked --all --json > revoked.jsonl
    """
)
@click.option("--user", type=CLERK_ID, help="Whom the lines are about: a Clerk id.")
@click.option("--actor", help="Who did it, exactly as the lines say it.")
@click.option("--action", help="What happened, as role.assigned.")
@click.option("--since", type=MOMENT, help="From then on.")
@click.option("--until", type=MOMENT, help="From before then.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many lines at most.")
@click.option("--all", "whole", is_flag=True, help="However many there are.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def audit(
    user: str | None,
    actor: str | None,
    action: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    whole: bool,
    as_json: bool,
) -> None:
    """Print the audit trail, the newest line first."""
    judge_range(since, until)
    wanted = Wanted(user=user, actor=actor, action=action, since=since, until=until)
    with database() as pool:
        _judge_user(pool, user)
        found = islice(trail.stream(pool, wanted), None if whole else limit)
        if as_json:
            for line in found:
                click.echo(shown(Line.model_validate(line).model_dump_json()))
            return
        sheet.table(
            "Audit trail",
            ("At (UTC)", "What", "About", "Role", "By", "Why", "Because of"),
            (
                (written(each.at), each.action, each.clerk_user_id, each.role, each.actor, each.reason, each.cause)
                for each in found
            ),
        )


def _judge_user(pool: Engine, user: str | None) -> None:
    """Refuse the id of a user whom neither the users nor the trail name: it is mistyped."""
    if user is None:
        return
    with pool.begin() as connection:
        known = directory.show(connection, user) or audit_lines.page(connection, Wanted(user=user), 1)
    if not known:
        raise click.UsageError(f"There is no user {user}, and no line about one. `akako users list` has the ids.")
