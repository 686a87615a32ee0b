"""`akako explain`: explains why a user holds a role, or does not."""

from datetime import datetime

import click

from akako_guard.role import Role
from api.responses import Explanation
from cli import output
from cli.connection import transaction
from cli.role_tables import print_history, print_question, print_revisions
from cli.roles import ROLE, as_of
from cli.times import MOMENT, formatted
from dev.terminal import escape
from roles import explanation, times


@click.command(
    epilog="""\b
    Examples:
      akako explain user_2abc MENTOR
      akako explain user_2abc ADMIN --at 2026-03-01T12:00:00Z --json
      akako explain user_2abc ADMIN --at 2026-03-01T12:00:00Z --as-of now
    """
)
@click.argument("clerk_id")
@click.argument("role", type=ROLE)
@click.option("--at", type=MOMENT, help="The instant to explain. [default: now]")
@as_of
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(clerk_id: str, role: Role, at: datetime | None, as_of: datetime | None, as_json: bool) -> None:
    """Explain why a user held a role at an instant, or did not.

    By default, uses what was recorded by that instant; with --as-of now, everything that is recorded about it by now.
    Shows the assignment, its audit lines, and the stored deliveries that caused them with their verification.
    """
    with transaction() as connection:
        found = explanation.explain(connection, clerk_id, role, at, as_of)
    if as_json:
        output.as_json(Explanation.model_validate(found))
        return
    print_question(found)
    click.echo(escape(f"{clerk_id}, {found.role}, {times.write(found.at)}\n{found.why}\n"))
    if found.assignment:
        print_history([found.assignment])
        output.table(
            "Audit lines of the assignment",
            ("At (UTC)", "Action", "Actor", "Reason", "Cause"),
            ((formatted(each.at), each.action, each.actor, each.reason, each.cause) for each in found.audit),
        )
    if found.deliveries:
        output.table(
            "Stored deliveries that caused it",
            ("svix-id", "Type", "Received (UTC)", "Applied (UTC)", "Verified by secret", "SHA-256 of the body"),
            (
                (
                    each.svix_id,
                    each.type,
                    formatted(each.received_at),
                    formatted(each.applied_at),
                    each.verified_by,
                    each.body_sha256,
                )
                for each in found.deliveries
            ),
        )
    print_revisions(found)
