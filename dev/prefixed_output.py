"""Prints what processes say on one terminal, each line under its process's name."""

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
    """Starts processes and hands their lines on; colours only on a terminal."""

    def __init__(self) -> None:
        self._free = itertools.cycle(COLOURS)
        self._colours: dict[str, str] = {}

    def start(self, process: Process) -> None:
        """Start the process, and hand on what it prints until it ends."""
        colour = self._colours.setdefault(process.name, next(self._free))
        stream = process.start(subprocess.PIPE)
        if stream is not None:
            threading.Thread(target=_hand_on, args=(stream, process.name, colour), daemon=True).start()


def _hand_on(stream: IO[bytes], name: str, colour: str) -> None:
    with stream:
        for line in stream:
            said = escape(line.decode(errors="replace").rstrip("\n"))
            click.echo(click.style(f"{name:<{WIDTH}} | ", fg=colour) + said)
