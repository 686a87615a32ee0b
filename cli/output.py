"""Output of commands: tables, or JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import click
from pydantic import BaseModel, TypeAdapter
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.times import formatted
from db.audit import AuditEntry
from dev.terminal import escape

ROWS = 1_000
"""Rows per table: column widths are computed over this many rows; a longer list is printed as several tables."""


def as_json(found: BaseModel | Sequence[BaseModel]) -> None:
    """Print a value, or a list of values, as JSON in the API's format."""
    click.echo(escape(TypeAdapter(type(found)).dump_json(found, indent=2).decode()))


def page_as_json(items: Iterable[BaseModel], more: object, **fields: object) -> None:
    """Print a page as the object `{"items": [...], "next": ...}`, one item at a time; `next` is null on the last page.

    Additional `fields` of the object come first.
    """
    head = "".join(f"{json.dumps(name)}: {json.dumps(value)}, " for name, value in fields.items())
    click.echo(f'{{{head}"items": [', nl=False)
    for number, item in enumerate(items):
        click.echo(("," if number else "") + "\n  " + escape(item.model_dump_json()), nl=False)
    click.echo(f'\n], "next": {json.dumps(more)}}}')


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> None:
    """Print a table without truncating cells; control characters are escaped.

    In a pipe, each row is one line of any length. On a terminal, words wrap; if the table still does not fit, each row
    is printed as a block with one line per column.
    """
    cells = (tuple(escape(cell or "") for cell in row) for row in rows)
    for part in _parts(cells):
        terminal = Console()
        width = terminal.width if terminal.is_terminal else None
        drawn = layout(title, head, part, width)
        out = terminal if width else Console(width=_widest(head, part))
        # Only the terminal wraps blocks, so that a copied id or address has no line breaks.
        out.print(drawn, soft_wrap=not isinstance(drawn, Table))


def layout(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> RenderableType:
    """A table that fits into `width` columns without truncating or breaking a word, otherwise the rows as blocks.

    If the table does not fit, empty columns are omitted first.
    """
    columns = [(name, *cells) for name, *cells in zip(head, *rows, strict=True)] if rows else [(name,) for name in head]
    whole = [max(_line_width(cell) for cell in column) for column in columns]
    least = [max(_word_width(cell) for cell in column) for column in columns]
    widths = whole if width is None else _fitted(whole, least, width - _frame(head))
    filled = [number for number in range(len(head)) if any(row[number] for row in rows)]
    if widths is None and 0 < len(filled) < len(head):
        return layout(title, _picked(head, filled), [_picked(row, filled) for row in rows], width)
    if widths is None:
        return _blocks(title, head, rows)
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for name, each in zip(head, widths, strict=True):
        drawn.add_column(name, width=each, overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    return drawn


def audit_lines(title: str, found: Sequence[AuditEntry]) -> None:
    """Print lines of the audit trail as a table."""
    table(
        title,
        ("At (UTC)", "Action", "User", "Role", "Actor", "Reason"),
        ((formatted(each.at), each.action, each.clerk_user_id, each.role, each.actor, each.reason) for each in found),
    )


def _parts(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """The rows in lists of at most ROWS; one empty list if there are no rows, so that an empty table is printed."""
    rest = iter(rows)
    first = list(islice(rest, ROWS))
    yield first
    while part := list(islice(rest, ROWS)):
        yield part


def _picked(row: Sequence[str], numbers: Sequence[int]) -> list[str]:
    return [row[number] for number in numbers]


def _frame(head: Sequence[str]) -> int:
    """The width of borders and padding, in characters."""
    return 3 * len(head) + 1


def _widest(head: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The width of the unwrapped table, at least 80 for the title."""
    columns = zip(*chain([head], rows), strict=True)
    return max(_frame(head) + sum(max(map(_line_width, column)) for column in columns), 80)


def _line_width(cell: str) -> int:
    return max(map(cell_len, cell.splitlines()), default=0)


def _word_width(cell: str) -> int:
    """The width of the longest unbreakable part of a cell: a word, or a date with its time."""
    words = cell.split()
    if len(words) == 2 and words[0][:1].isdecimal() and words[1][:1].isdecimal():
        return cell_len(cell)
    return max(map(cell_len, words), default=0)


def _fitted(whole: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """Column widths within `room`: the minimum of each column, then up to its full width, smallest difference first.

    None if the minimum widths do not fit.
    """
    if sum(least) > room:
        return None
    widths, left = list(least), room - sum(least)
    for number in sorted(range(len(whole)), key=lambda each: whole[each] - least[each]):
        more = min(whole[number] - least[number], left)
        widths[number] += more
        left -= more
    return widths


def _blocks(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> RenderableType:
    """Each row as lines of a name and a value, with an empty line between rows; empty values are omitted."""
    margin = max(map(cell_len, head), default=0)
    texts = [Text(title, style="bold"), *([] if rows else [Text("None.")])]
    for row in rows:
        texts += [
            Text.assemble((name.ljust(margin + 2), "dim"), cell) for name, cell in zip(head, row, strict=True) if cell
        ]
        texts.append(Text(""))
    return Group(*texts)
