"""A small disk of its own for one house, so that it can be filled without harm to anything else."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "192m"


class Impossible(Exception):
    """Only root on Linux may mount a file system: run it as root, or in a container that may."""


@contextmanager
def small() -> Iterator[Path]:
    """A directory on a file system in memory that holds little. Raises Impossible where none can be mounted."""
    with tempfile.TemporaryDirectory(prefix="akako-faults-") as directory:
        _run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0711", "tmpfs", directory)
        try:
            yield Path(directory)
        finally:
            _run("umount", "--lazy", directory)


@contextmanager
def ordinary() -> Iterator[Path]:
    """A directory where temporary files are."""
    with tempfile.TemporaryDirectory(prefix="akako-faults-") as directory:
        yield Path(directory)


def _run(*command: str) -> None:
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Impossible(Impossible.__doc__)
