"""A person's name may be anything; the terminal of whoever looks at it does nothing but show it."""

import json

import pytest
from pydantic import BaseModel

from cli import output

COMMANDS = "\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e\u2066"


class Named(BaseModel):
    """Somebody."""

    name: str


def test_a_table_shows_a_name_and_lets_it_command_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.table("People", ("Name",), [(f"Ada{COMMANDS}",)])
    told = capsys.readouterr().out
    assert "Ada\\u001b]0;title" in told
    assert not set(COMMANDS) & {character for character in told if not character.isprintable()}


def test_json_means_the_same_and_commands_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    output.as_json([Named(name=COMMANDS)])
    told = capsys.readouterr().out
    assert json.loads(told) == [{"name": COMMANDS}]
    assert {character for character in told if not character.isprintable()} <= {"\n"}
