"""The system user that runs PostgreSQL when we are root, since PostgreSQL refuses to be."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

NAME = "akako-postgres"
ALREADY_THERE = 9


def needed() -> str | None:
    """The user to run PostgreSQL as; None where we are an ordinary user already."""
    return NAME if os.geteuid() == 0 else None


def make() -> None:
    """Make the user, where one is needed and missing."""
    if not needed() or _exists():
        return
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise RuntimeError("PostgreSQL refuses to run as root, and there is no useradd: run this as another user")
    made = subprocess.run(  # noqa: S603
        [program, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode not in (0, ALREADY_THERE):
        raise RuntimeError(f"PostgreSQL refuses to run as root, and its user could not be made: {made.stderr}")


def let_in(path: Path) -> None:
    """Let the user pass through every directory above the path."""
    for above in path.parents if needed() else ():
        mode = above.stat().st_mode
        if not mode & 0o001:
            above.chmod(mode | 0o011)


def make_directory(path: Path) -> None:
    """Make a directory that only the user who runs PostgreSQL (and root) can open."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    let_in(path)
    if needed():
        shutil.chown(path, NAME, NAME)


def _exists() -> bool:
    """Check for the group too: `useradd` in another process writes it after the user."""
    try:
        pwd.getpwnam(NAME)
        grp.getgrnam(NAME)
    except KeyError:
        return False
    return True
