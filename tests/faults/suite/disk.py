"""A small file system for one stack, which can be filled without affecting other programs."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "192m"


class Impossible(Exception):
    """Mounting a file system needs root on Linux: run it as root, or in a container with that privilege."""


@contextmanager
def small() -> Iterator[Path]:
    """A directory on a small file system in memory. Raises Impossible if it cannot be mounted."""
    with tempfile.TemporaryDirectory(prefix="akako-faults-") as directory:
        _run("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0711", "tmpfs", directory)
        try:
            yield Path(directory)
        finally:
            _run("umount", "--lazy", directory)


@contextmanager
def ordinary() -> Iterator[Path]:
    """A temporary directory."""
    with tempfile.TemporaryDirectory(prefix="akako-faults-") as directory:
        yield Path(directory)


def _run(*command: str) -> None:
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Impossible(Impossible.__doc__)
