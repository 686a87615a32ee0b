"""Control characters in texts of users and admins are escaped in the output of every command."""

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from cli.main import main
from dev import prefixed_output
from dev.log_tail import tail
from dev.process import Process
from dev.terminal import escape
from tests import ledger
from tests.clerk_sender import Clerk
from tests.dev.groups import until
from tests.servers import Database

COMMANDS = "\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e\u2066\u061c"
WRITTEN = "\\u001b]0;title\\u0007"
REASON = ("--reason", "Asked.\u202e\u2066", "--by", "grace")
"""Control characters are refused there, characters that change the writing direction are not."""


def control_characters(text: str) -> set[str]:
    """The unprintable characters of a text, except line breaks and tabs."""
    return {character for character in text if not character.isprintable()} - {"\n", "\t"}


def test_control_characters_are_escaped() -> None:
    assert escape(f"Ada{COMMANDS}\nJosé\t\u200dZoë") == (
        "Ada\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u000d\\u202e\\u2066\\u061c\nJosé\t\u200dZoë"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("users", "list"),
        ("users", "show", "user_ada"),
        ("users", "show", "user_ada", "--json"),
        ("roles", "list", "user_ada"),
        ("explain", "user_ada", "MENTOR"),
        ("audit",),
        ("audit", "--json"),
        ("events", "show", "msg_ada"),
        ("events", "show", "msg_ada", "--reveal", *REASON),
        ("events", "replay", "msg_ada", "--preview", "--reveal", *REASON),
    ],
)
def test_stored_text_is_escaped(engine: Engine, clerk: Clerk, akako: Any, words: tuple[str, ...]) -> None:
    escaped = clerk.created("user_ada", first_name=f"Ada{COMMANDS}").body
    body = escaped.replace(rb"\u009b", "\x9b".encode()).replace(rb"\u202e", "\u202e".encode())
    ledger.apply(engine, clerk, clerk.send(body, svix_id="msg_ada"))
    akako("roles", "assign", "user_ada", "MENTOR", *REASON)

    done = akako(*words)

    assert (done.exit_code, control_characters(done.output)) == (0, set())


@pytest.mark.parametrize("words", [("events", "list"), ("migrate",)])
def test_errors_of_postgresql_are_escaped(database: Database, akako: Any, words: tuple[str, ...]) -> None:
    done = akako(*words, DATABASE_URL=f"{database.app_url}%1B%5B2J%C2%9B")

    assert (done.exit_code, control_characters(done.output)) == (1, set())
    assert "\\u001b[2J\\u009b" in done.output


@pytest.mark.processes
def test_output_of_processes_is_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    process = Process("web", [sys.executable, "-c", f"print({COMMANDS!r}, 'last', flush=True)"])
    printed: list[str] = []

    def ended() -> bool:
        printed.append(capfd.readouterr().out)
        return "last" in printed[-1]

    prefixed_output.PrefixedOutput().start(process)
    until(ended)
    process.end()

    assert WRITTEN in "".join(printed)
    assert control_characters("".join(printed)) == set()


def test_the_end_of_a_log_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"first\n{COMMANDS}\n", newline="")

    assert WRITTEN in tail(tmp_path / "log")
    assert control_characters(tail(tmp_path / "log")) == set()


def test_an_argument_that_is_not_utf_8_is_refused_with_its_number() -> None:
    done = CliRunner().invoke(main, ["events", "show", "msg_\udcff"])
    assert (done.exit_code, "Argument 3 is not valid UTF-8" in done.output) == (2, True)
