"""`akako keycloak canary`: tries whether Clerk verifies the passwords of Keycloak."""

import json
import sys
from dataclasses import asdict

import click

from clerk.user_writer import UserWriter
from cli import output
from cli.clerk_backend import unavailable
from cli.progress import bar
from config.settings import BackfillSettings, load
from reconcile import keycloak_canary
from reconcile.keycloak_canary import MARK, Outcome, Trial
from reconcile.pace import Pace

DOMAIN = "example.com"


@click.command(epilog="\b\nExamples:\n  akako keycloak canary\n  akako keycloak canary --yes --json")
@click.option("--domain", default=DOMAIN, show_default=True, help="Domain of the e-mail addresses of the users.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation with a live key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def canary(domain: str, yes: bool, as_json: bool) -> None:
    """Create a user for each algorithm and key length at Clerk, verify the password, and delete the user.

    The users belong to the instance of CLERK_SECRET_KEY. Its webhooks tell of them, so each leaves the row of a deleted
    user in the database.

    Exit code 1 if a password was not verified, or a user could not be deleted.
    """
    settings = load(BackfillSettings)
    if settings.is_live and not yes:
        click.confirm("CLERK_SECRET_KEY is of a live instance. Create users in it, and delete them?", abort=True)
    pace = Pace(settings.requests_per_second)
    writer = UserWriter(settings.clerk_secret_key.get_secret_value(), settings.clerk_api_url)
    found: list[Trial] = []
    try:
        with (
            unavailable(f"Users that were left behind have an external id that begins with {MARK}."),
            bar("trials", None) as advance,
        ):
            for trial in keycloak_canary.run(writer, domain, pace.wait):
                found.append(trial)
                advance(1)
    finally:
        writer.close()
    if as_json:
        click.echo(json.dumps([asdict(trial) for trial in found], indent=2))
    else:
        output.table(
            "Passwords at Clerk",
            ("In Keycloak", "At Clerk", "Result", "Reason"),
            ((each.name, each.hasher, each.outcome, each.reason) for each in found),
        )
    for trial in found:
        if trial.left_behind:
            click.echo(f"The user {trial.left_behind} could not be deleted. Delete it in Clerk's dashboard.", err=True)
    sys.exit(int(any(each.outcome is not Outcome.VERIFIED or each.left_behind for each in found)))
