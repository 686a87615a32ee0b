"""Control characters in names are escaped in tables and in JSON."""

import json

import pytest
from pydantic import BaseModel

from cli import output

COMMANDS = "\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e\u2066"


class Named(BaseModel):
    """A value with a name."""

    name: str


def test_a_table_escapes_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    output.table("Users", ("Name",), [(f"Ada{COMMANDS}",)])
    printed = capsys.readouterr().out
    assert "Ada\\u001b]0;title" in printed
    assert not set(COMMANDS) & {character for character in printed if not character.isprintable()}


def test_json_escapes_control_characters_without_changing_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    output.as_json([Named(name=COMMANDS)])
    printed = capsys.readouterr().out
    assert json.loads(printed) == [{"name": COMMANDS}]
    assert {character for character in printed if not character.isprintable()} <= {"\n"}
