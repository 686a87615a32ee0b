"""The end of a log file, for the moment when something did not start."""

from pathlib import Path

from dev.terminal import escape


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a log file, as a terminal may have them; nothing where there is none."""
    if not path.exists():
        return ""
    return escape("\n".join(path.read_text(errors="replace").splitlines()[-lines:]))
