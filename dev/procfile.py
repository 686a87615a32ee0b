"""The Procfile: which processes there are, and the one line that starts each."""

from collections.abc import Mapping
from pathlib import Path

import click

from dev.process import Process

PATH = Path(__file__).parents[1] / "Procfile"
LOCAL = PATH.parent / ".local"
LASTING = ("web", "api", "worker", "beat")


def read(path: Path = PATH) -> dict[str, str]:
    """The commands by the names of their processes. Raises ClickException outside a checkout, which alone has them."""
    if not path.exists():
        raise click.ClickException("this command runs the processes of the Procfile, in a checkout of Akako Sync.")
    lines = (line.partition(":") for line in path.read_text("utf-8").splitlines() if line.strip())
    return {name.strip(): command.strip() for name, _, command in lines}


def processes(environment: Mapping[str, str], **own: Mapping[str, str]) -> list[Process]:
    """The processes that run for ever, each exactly as its line stands; `own` is laid over one's environment."""
    commands = read()
    return [
        Process(
            name,
            ["/bin/sh", "-c", f"exec {commands[name]}"],
            environment={**environment, **own.get(name, {})},
            directory=PATH.parent,
        )
        for name in LASTING
    ]
