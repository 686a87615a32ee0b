"""The system user that runs PostgreSQL when we are root, since PostgreSQL refuses to be."""

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from dev.embedded import access_list

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
    """Let the user, and nobody else, pass through every directory above the path. Raises RuntimeError if it cannot.

    The permissions of other users stay as they are: those directories may be anybody's, root's home among them.
    """
    for above in path.resolve().parents if needed() else ():
        if not above.stat().st_mode & 0o001:
            _grant_passage(above)


def make_directory(path: Path) -> None:
    """Make a directory that only the user who runs PostgreSQL (and root) can open."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    let_in(path)
    if needed():
        shutil.chown(path, NAME, NAME)


def _grant_passage(directory: Path) -> None:
    user = pwd.getpwnam(NAME).pw_uid
    try:
        acl = access_list.read(directory)
        if not acl.lets_pass(user):
            access_list.write(directory, acl.letting_pass(user))
    except (OSError, AttributeError) as error:  # no such lists in this file system, or on this system
        raise RuntimeError(
            f"PostgreSQL runs as the user {NAME}, who cannot pass through {directory}. Use a directory that other "
            f"users can reach, run this as an ordinary user, or allow it: chmod o+x {directory}"
        ) from error


def _exists() -> bool:
    """Check for the group too: `useradd` in another process writes it after the user."""
    try:
        pwd.getpwnam(NAME)
        grp.getgrnam(NAME)
    except KeyError:
        return False
    return True
