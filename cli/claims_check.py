"""`akako claims check`: the roles that a user holds, those that were pushed, and those that Clerk has."""

import json
import sys
from typing import Any

import click

from clerk.backend import UserNotFound
from cli import output
from cli.clerk_backend import backend
from cli.connection import transaction
from cli.text_options import CLERK_ID
from config.settings import BackendSettings, load
from db import claims, claims_switch
from dev.terminal import escape
from reconcile.claims import Seen, compare, wanted

WAITING = "Clerk has something else. A push is due: look at `due at` and `failed because`."
MEANING = {
    None: "Clerk does not have this user.",
    Seen.SAME: "Clerk has what it should have.",
    Seen.OTHER: "Clerk has something else: `akako claims push --user {user}`.",
    Seen.ANOTHER_INSTALLATION: ("Another installation wrote these keys: see docs/how-to/runbook.md#claims-are-parked."),
}


@click.command(epilog="Example: akako claims check --user user_2abc")
@click.option("--user", "clerk_id", required=True, type=CLERK_ID, help="Clerk id of the user.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(clerk_id: str, as_json: bool) -> None:
    """Show what Clerk should have about a user's roles, what was pushed last, and what Clerk has.

    Exit code 1 if Clerk has something else.
    """
    settings = load(BackendSettings)
    with transaction() as connection:
        switch = claims_switch.read(connection)
        if switch is None:
            raise click.ClickException("Claims were never turned on. Turn them on with `akako claims on`.")
        pushed = claims.recorded(connection, [clerk_id]).get(clerk_id)
        if pushed is None:
            raise click.ClickException(
                "Nothing is recorded of this user's claims: the id is not known, or the first push has not reached the"
                f" user yet. Look with `akako users show {clerk_id}` and `akako claims status`."
            )
        should = wanted(claims.held(connection, pushed.user_id), switch.installation)
    with backend(settings) as client:
        if (asked := client.instance().id) != switch.instance_id:
            raise click.ClickException(
                f"Claims are on for {switch.instance_id}, and CLERK_SECRET_KEY belongs to {asked}."
                f" Set the key of {switch.instance_id}."
            )
        shown = client.fetch(clerk_id)
    has = None if isinstance(shown, UserNotFound) else shown.claims
    seen = None if isinstance(shown, UserNotFound) else compare(should.value, has, switch.installation)
    found: dict[str, Any] = {
        "should_have": should.value,
        "pushed": pushed.pushed,
        "pushed_at": pushed.pushed_at.isoformat() if pushed.pushed_at else None,
        "clerk_has": has,
        "due_at": pushed.due_at.isoformat() if pushed.due_at else None,
        "failed_because": pushed.failed_because,
        "parked": pushed.parked,
        "result": seen.value if seen else "not_found",
    }
    if as_json:
        click.echo(escape(json.dumps(found, indent=2)))
    else:
        output.table("Claims", ("", ""), ((name.replace("_", " "), _text(value)) for name, value in found.items()))
        waits = seen is Seen.OTHER and pushed.is_waiting
        click.echo(escape(WAITING if waits else MEANING[seen].format(user=clerk_id)))
    sys.exit(0 if seen is Seen.SAME else 1)


def _text(value: object) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, dict) else str(value)
