"""The list of commands, which is printed without importing them."""

import subprocess
import sys

import click
import pytest

from cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_line_of_its_help(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert COMMANDS[name] == command.get_short_help_str(limit=200)


@pytest.mark.processes
def test_help_imports_neither_commands_nor_their_dependencies() -> None:
    show = "import sys; from cli.main import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {"cli.main", "click"} <= modules
    assert not modules & {f"cli.{name}" for name in COMMANDS}
    assert not modules & {"sqlalchemy", "alembic", "pydantic", "rich", "structlog"}
