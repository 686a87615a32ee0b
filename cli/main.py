"""The `akako` command. Each subcommand is a module of this package and is imported only when it is used."""

from importlib import import_module

import click

COMMANDS = {
    "audit": "Print the audit trail, newest first.",
    "backfill": "Import all users from Clerk, and show whether any is missing.",
    "claims": "Push the roles held now to Clerk, which puts them into session tokens.",
    "clerk": "Drive the development Clerk: users, sign-ins, deliveries, faults.",
    "conformance": "Test how any Clerk webhook receiver handles difficult deliveries.",
    "deletions": "List, release and reject deletions that are held.",
    "deliver": "Sign an event as Svix does and send it to a receiver.",
    "demo": "Run the whole path on real servers and show what happened.",
    "events": "Search, show, replay and discard stored events.",
    "explain": "Explain why a user held a role at an instant, or did not.",
    "drift": "List, show and repair differences from Clerk.",
    "instance": "Show and pin the Clerk instance of this installation.",
    "keycloak": "Inspect an export of Keycloak, plan the move of its users to Clerk, and import them.",
    "link": "Print a one-time link to the console of `akako up`.",
    "migrate": "Apply pending database migrations.",
    "roles": "List, assign, extend and revoke roles.",
    "secrets": "Show when each signing secret last verified a delivery.",
    "setup": "Prepare an installation: database, Clerk instance, webhook, users, first ADMIN, roles in tokens.",
    "status": "Show the health of every component, and the events.",
    "token": "Sign a session token for the API of `akako up`.",
    "up": "Run all processes in the foreground.",
    "users": "Search users, show one, and set external ids at Clerk.",
}
"""Each command and its line in the help, so that `akako --help` imports none of them."""


class Commands(click.Group):
    """Imports a subcommand when it is invoked."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse arguments that are not valid UTF-8."""
        for place, argument in enumerate(args, 1):
            if not argument.isascii() and any("\ud800" <= character <= "\udfff" for character in argument):
                raise click.UsageError(f"Argument {place} is not valid UTF-8. Encode it as UTF-8.", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in alphabetical order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="akako-sync", prog_name="akako")
def main() -> None:
    """Keep a learning platform's PostgreSQL in step with Clerk.

    Exit codes: 0 success, 1 failure (the message says what to do), 2 usage error.
    """
