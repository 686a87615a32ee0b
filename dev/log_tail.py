"""Reads the end of a log file for error messages."""

from pathlib import Path

from dev.terminal import escape


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log file, with control characters escaped; empty if there is no file."""
    if not path.exists():
        return ""
    return escape("\n".join(path.read_text(errors="replace").splitlines()[-lines:]))
