"""Prints the output of several processes, each line prefixed with the name of its process."""

import itertools
import subprocess
import threading
from typing import IO

import click

from dev.process import Process
from dev.terminal import escape

COLOURS = ("cyan", "green", "yellow", "magenta")
WIDTH = 6


class PrefixedOutput:
    """Starts processes and forwards their output line by line; colours only on a terminal."""

    def __init__(self) -> None:
        self._free = itertools.cycle(COLOURS)
        self._colours: dict[str, str] = {}

    def start(self, process: Process) -> None:
        """Start the process, and forward its output until it ends."""
        colour = self._colours.setdefault(process.name, next(self._free))
        stream = process.start(subprocess.PIPE)
        if stream is not None:
            threading.Thread(target=_forward, args=(stream, process.name, colour), daemon=True).start()


def _forward(stream: IO[bytes], name: str, colour: str) -> None:
    with stream:
        for line in stream:
            text = escape(line.decode(errors="replace").rstrip("\n"))
            click.echo(click.style(f"{name:<{WIDTH}} | ", fg=colour) + text)
