"""What a command found: a table for people, JSON for programs."""

from collections.abc import Iterable, Sequence

import click
from pydantic import BaseModel, TypeAdapter
from rich.table import Table
from rich.text import Text

from ops.report import console


def as_json(found: BaseModel | Sequence[BaseModel]) -> None:
    """Print a value, or a list of them, as the API writes them."""
    click.echo(TypeAdapter(type(found)).dump_json(found, indent=2).decode())


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table; its cells are shown as they are, whatever they hold."""
    sheet = Table(*head, title=title, title_justify="left", title_style="bold")
    for row in rows:
        sheet.add_row(*(Text(cell or "") for cell in row))
    console().print(sheet)
