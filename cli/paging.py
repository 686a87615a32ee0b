"""Paging and progress of long lists on the command line."""

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

import click
from click.core import ParameterSource

from cli import progress
from dev.terminal import escape

Row = TypeVar("Row")


def next_page(**changes: object) -> None:
    """Print the command for the next page to standard error: the running command with these options changed."""
    click.echo(escape(f"There are more results. Next page: {command(**changes)}"), err=True)


def command(**changes: object) -> str:
    """The running command line with some options changed."""
    context = click.get_current_context()
    words = ["akako", *context.command_path.split()[1:]]
    arguments: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if name not in changes and not given:
            continue
        value = changes.get(name, context.params.get(name))
        if isinstance(parameter, click.Option):
            words += _option(parameter, value)
        else:
            arguments += map(str, value if isinstance(value, tuple) else [value])
    return shlex.join([*words, *arguments])


def first(rows: Iterable[Row], limit: int) -> tuple[list[Row], bool]:
    """Up to `limit` rows, and whether there are more."""
    page = list(islice(rows, limit + 1))
    return page[:limit], len(page) > limit


def with_progress(
    what: str, rows: Iterable[Row], total: int, position: Callable[[Row], int], *, descending: bool = False
) -> Iterator[Row]:
    """The same rows, with a progress bar on standard error unless standard output is a terminal.

    Positions are between 1 and `total` and increase from row to row, or decrease if `descending`.
    """
    if sys.stdout.isatty():
        yield from rows
        return
    with progress.bar(what, total) as advance:
        done = 0
        for row in rows:
            at = total - position(row) + 1 if descending else position(row)
            advance(at - done)
            done = at
            yield row
        advance(total - done)


def _option(option: click.Option, value: object) -> list[str]:
    if value is None:
        return []
    if option.is_flag:
        names = option.opts if value else option.secondary_opts
        return names[:1]
    return [option.opts[0], value.isoformat() if isinstance(value, datetime) else str(value)]
