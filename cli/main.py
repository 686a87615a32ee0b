"""The `akako` command; each of its words is a module of its own, read when it is needed."""

from importlib import import_module

import click

WORDS = (
    "audit",
    "deliver",
    "demo",
    "events",
    "explain",
    "migrate",
    "roles",
    "secrets",
    "status",
    "token",
    "up",
    "users",
)


class Commands(click.Group):
    """The commands of `cli`, by the names of their modules: one need not wait for what the others import."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The same, without what no command could say anything about: bytes that are no text."""
        for place, argument in enumerate(args, 1):
            if not argument.isascii() and any("\ud800" <= character <= "\udfff" for character in argument):
                raise click.UsageError(
                    f"Word {place} is no text in UTF-8. Write it as the tables and tools show it.", ctx
                )
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the help."""
        return list(WORDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in WORDS:
            return None
        command: click.Command = getattr(import_module(f"cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="akako-sync", prog_name="akako")
def main() -> None:
    """Keep a learning platform's PostgreSQL in step with Clerk.

    Exit codes: 0 all is well, 1 something failed as the message says, 2 the command was written wrongly.
    """
