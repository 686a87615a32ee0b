"""Reads the Procfile: the name and the command of each process."""

from collections.abc import Container, Mapping
from pathlib import Path

import click

from dev.process import Process

PATH = Path(__file__).parents[1] / "Procfile"
LOCAL = PATH.parent / ".local"
LONG_RUNNING = ("web", "api", "worker", "beat", "clerk", "console")


def read(path: Path = PATH) -> dict[str, str]:
    """The commands by process name. Raises ClickException outside a checkout, where there is no Procfile."""
    if not path.exists():
        raise click.ClickException("There is no Procfile. Run this command in a checkout of Akako Sync.")
    lines = (line.partition(":") for line in path.read_text("utf-8").splitlines() if line.strip())
    return {name.strip(): command.strip() for name, _, command in lines}


def processes(
    environment: Mapping[str, str], *, without: Container[str] = (), **own: Mapping[str, str]
) -> list[Process]:
    """The long-running processes with the commands of the Procfile; `own` adds variables for single processes."""
    commands = read()
    return [
        Process(
            name,
            ["/bin/sh", "-c", f"exec {commands[name]}"],
            environment={**environment, **own.get(name, {})},
            directory=PATH.parent,
        )
        for name in LONG_RUNNING
        if name not in without
    ]
