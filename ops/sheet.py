"""What a command found: a table for people, JSON for programs."""

from collections.abc import Iterable, Sequence

import click
from pydantic import BaseModel, TypeAdapter
from rich.table import Table
from rich.text import Text

from db.audit import Line
from ops.moment import written
from ops.report import console
from ops.terminal import shown


def as_json(found: BaseModel | Sequence[BaseModel]) -> None:
    """Print a value, or a list of them, as the API writes them."""
    click.echo(shown(TypeAdapter(type(found)).dump_json(found, indent=2).decode()))


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table; its cells are shown as they are, but for what would command the terminal."""
    sheet = Table(*head, title=title, title_justify="left", title_style="bold")
    for row in rows:
        sheet.add_row(*(Text(shown(cell or "")) for cell in row))
    console().print(sheet)


def lines(title: str, found: Sequence[Line]) -> None:
    """Print lines of the trail as a table."""
    table(
        title,
        ("At (UTC)", "What", "About", "Role", "By", "Why"),
        ((written(each.at), each.action, each.clerk_user_id, each.role, each.actor, each.reason) for each in found),
    )
