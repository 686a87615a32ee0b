"""What a command found: a table for people, JSON for programs."""

import re
from collections.abc import Iterable, Sequence

import click
from pydantic import BaseModel, TypeAdapter
from rich.table import Table
from rich.text import Text

from db.audit import Line
from ops.moment import written
from ops.report import console

# What moves the cursor, clears the screen or turns the order of letters round: a person's name may hold any of it.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Text as a terminal may have it: what would command it is written out, as JSON writes it; lines and tabs stay."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
