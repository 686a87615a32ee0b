"""Installs the alternatives on demand in `.local/conformance`, in the versions of the files beside them."""

import shutil
import subprocess
import sys
from pathlib import Path

from dev.procfile import LOCAL

PEERS = Path(__file__).with_name("peers")
PLACE = LOCAL / "conformance"


def python(name: str) -> Path:
    """The interpreter of an environment with the locked packages of `peers/<name>`. Raises RuntimeError."""
    locked = PEERS / name / "requirements.txt"
    place = PLACE / name
    interpreter = place / "bin" / "python"
    if not _is_current(place, locked):
        _run(sys.executable, "-m", "venv", "--clear", str(place))
        # A package may ask for a newer Python than this one without needing it; the page says which does.
        options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--ignore-requires-python")
        _run(str(interpreter), "-m", "pip", "install", *options, "-r", str(locked))
        _mark(place, locked)
    return interpreter


def node(name: str) -> Path:
    """A directory with the sources of `peers/<name>` and their packages. Raises RuntimeError."""
    locked, place = PEERS / name / "package-lock.json", PLACE / name
    current = _is_current(place, locked)
    shutil.copytree(PEERS / name, place, dirs_exist_ok=True)
    if not current:
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", directory=place)
        _mark(place, locked)
    return place


def _is_current(place: Path, locked: Path) -> bool:
    mark = place / "installed"
    return mark.exists() and mark.read_bytes() == locked.read_bytes()


def _mark(place: Path, locked: Path) -> None:
    (place / "installed").write_bytes(locked.read_bytes())


def _run(*command: str, directory: Path | None = None) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
