"""`akako explain`: why a user holds a role, or does not."""

from datetime import datetime

import click

from access import explanation
from api.answers import Explanation
from config.role import Role
from db import clock
from ops import sheet
from ops.connection import transaction
from ops.moment import MOMENT, written
from ops.roles import ROLE, print_history
from ops.terminal import shown


@click.command(
    epilog="""\b
    Examples:
      akako explain user_2abc MENTOR
      akako explain user_2abc ADMIN --at 2026-03-01T12:00:00Z --json
    """
)
@click.argument("clerk_id")
@click.argument("role", type=ROLE)
@click.option("--at", type=MOMENT, help="The instant. [default: now]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(clerk_id: str, role: Role, at: datetime | None, as_json: bool) -> None:
    """Say why a user holds a ROLE at an instant, or does not.

    Shows the assignment, what the audit trail says of it, and the kept deliveries behind that with their verification.
    """
    with transaction() as connection:
        found = explanation.explain(connection, clerk_id, role, at or clock.now(connection))
    if as_json:
        sheet.as_json(Explanation.model_validate(found))
        return
    click.echo(shown(f"{clerk_id}, {found.role}, {written(found.at)} UTC\n{found.why}\n"))
    if found.assignment:
        print_history([found.assignment])
        sheet.table(
            "What the audit trail says of it",
            ("At (UTC)", "What", "By", "Why", "Because of"),
            ((written(each.at), each.action, each.actor, each.reason, each.cause) for each in found.audit),
        )
    if found.deliveries:
        sheet.table(
            "The kept deliveries behind it",
            ("svix-id", "Type", "Received (UTC)", "Applied (UTC)", "Verified by secret", "SHA-256 of the body"),
            (
                (
                    each.svix_id,
                    each.type,
                    written(each.received_at),
                    written(each.applied_at),
                    each.verified_by,
                    each.body_sha256,
                )
                for each in found.deliveries
            ),
        )
