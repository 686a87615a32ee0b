"""Every `akako` line in documentation and help is accepted as it is pasted."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINE = re.compile(r"^\s*(?:\$ )?(?:[A-Z_]+=\S* )*(?:\.venv/bin/)?akako (?P<words>.*)$", re.MULTILINE)
SHOWN = re.compile(r"^\$ .*$", re.MULTILINE)
SPAN = re.compile(r"`akako ([^`]+)`")
CHOICES = ("replay", "discard")
"""These judge together what was chosen, before they look for a database."""


def helps(command: click.Command) -> Iterator[str]:
    """The examples of a command and of those below it."""
    yield f"{command.help}\n{command.epilog}"
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from helps(below)


def lines(text: str) -> Iterator[str]:
    """The commands of a text, those after a pipe too, without what a shell keeps to itself."""
    for line in LINE.finditer(text):
        first, *others = re.split(r" \| akako ", line["words"])
        for each in (first, *others):
            yield re.split(r" [>|#] | {2,}", each)[0]


def refusal(words: list[str]) -> str | None:
    """Why the command is not accepted; None if only its surroundings are missing."""
    context = click.Context(main)
    command: click.Command | None = main
    rest = words
    while isinstance(command, click.Group) and rest:
        name, *rest = rest
        command = command.get_command(context, name)
    if command is None:
        return "there is no such command"
    try:
        command.make_context(words[0], list(rest))
    except click.UsageError as error:
        return error.message
    except click.exceptions.Exit:
        return None
    if command.name not in CHOICES:
        return None
    judged = CliRunner(env={"DATABASE_URL": None}).invoke(main, words)
    return judged.output if judged.exit_code == 2 else None


def pasted() -> list[str]:
    shown = ["\n".join(SHOWN.findall(page.read_text())) for page in PAGES]
    spans = [each for page in PAGES for each in SPAN.findall(page.read_text()) if " --" in each]
    return sorted({*spans, *(line for text in [*shown, *helps(main)] for line in lines(text))})


@pytest.mark.parametrize("command", pasted())
def test_a_command_is_accepted_as_it_is_pasted(command: str) -> None:
    assert refusal(shlex.split(command)) is None


@pytest.mark.parametrize(
    "command", ["events replay --preview", "events replay", "events discard", "events purge", "roles assign user_1"]
)
def test_a_command_that_is_refused_is_found(command: str) -> None:
    assert refusal(shlex.split(command)) is not None
