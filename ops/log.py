"""The end of a log file, for the moment when something did not start."""

from pathlib import Path


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log file; nothing where there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
