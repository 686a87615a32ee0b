"""How `akako clerk` reaches the development Clerk, and prints what it answers."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from dev.clerk.client import ClerkRefused, ClerkUnreachable, Client
from dev.clerk.local_only import is_own_name
from dev.terminal import escape

DEFAULT_URL = "http://127.0.0.1:8002"
_URL = "akako.clerk.url"
Command = TypeVar("Command", bound=Callable[..., Any])


def _remember(ctx: click.Context, _: click.Parameter, url: str) -> None:
    """Refuse an address that is not of this machine: the commands are not for a real instance."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_own_name(parts.netloc):
        raise click.BadParameter("give the address of a development Clerk on this machine, like http://127.0.0.1:8002.")
    ctx.meta[_URL] = url


def options(command: Command) -> Command:
    """Add --url and --json."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option(
        "--url",
        envvar="AKAKO_CLERK_URL",
        show_envvar=True,
        default=DEFAULT_URL,
        show_default=True,
        expose_value=False,
        callback=_remember,
        help="Address of the development Clerk.",
    )(command)


def ask(method: str, path: str, body: Any = None, **query: str | int | None) -> Any:
    """The JSON of an answer. Raises ClickException."""
    url = click.get_current_context().meta[_URL]
    try:
        return Client(url)(method, path, body, **query)
    except ClerkRefused as refused:
        raise click.ClickException(escape(str(refused))) from refused
    except ClerkUnreachable as error:
        raise click.ClickException(
            f"No development Clerk answers at {url} ({error}).\n"
            "What to do: start one with `akako up` or `akako clerk run`, or give its address with --url."
        ) from error


def print_json(found: Any) -> None:
    """Print an answer as JSON."""
    click.echo(escape(json.dumps(found, ensure_ascii=False, indent=2)))


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table."""
    from cli import output  # with what it imports, it would take half of the time of a command that prints JSON

    output.table(title, head, rows)


def moment(milliseconds: int | None) -> str:
    """A time of Clerk for a table, in UTC."""
    if milliseconds is None:
        return ""
    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
