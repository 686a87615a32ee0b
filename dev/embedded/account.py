"""The system user that runs PostgreSQL if this process is root, since PostgreSQL refuses to run as root."""

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
    """The user to run PostgreSQL as; None unless this process is root."""
    return NAME if os.geteuid() == 0 else None


def make() -> None:
    """Create the user if it is needed and does not exist. Raises RuntimeError if it cannot."""
    if not needed() or _exists():
        return
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise RuntimeError("PostgreSQL refuses to run as root, and useradd is missing. Run this as another user.")
    made = subprocess.run(  # noqa: S603
        [program, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode not in (0, ALREADY_THERE):
        raise RuntimeError(f"PostgreSQL refuses to run as root, and creating the user {NAME} failed: {made.stderr}")


def let_in(path: Path) -> None:
    """Permit only this user to pass through every directory above the path. Raises RuntimeError if it cannot.

    The permissions of other users do not change: the directories may be private, such as root's home.
    """
    for above in path.resolve().parents if needed() else ():
        if not above.stat().st_mode & 0o001:
            _grant_passage(above)


def make_directory(path: Path) -> None:
    """Create a directory that only the user that runs PostgreSQL (and root) can open."""
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
    except (OSError, AttributeError) as error:  # access control lists are not supported
        raise RuntimeError(
            f"PostgreSQL runs as the user {NAME}, which cannot pass through {directory}. Use a directory that other "
            f"users can reach, run this as a user other than root, or allow access: chmod o+x {directory}"
        ) from error


def _exists() -> bool:
    """Whether user and group exist: a concurrent `useradd` writes the group after the user."""
    try:
        pwd.getpwnam(NAME)
        grp.getgrnam(NAME)
    except KeyError:
        return False
    return True
