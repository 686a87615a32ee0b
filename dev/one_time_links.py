"""One-time links for the console in development: each signs in once, within minutes, on this machine only."""

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

LINK_SECONDS = 600.0
PATH = "/sign-in/link"
_DIRECTORY = "console-links"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


def create(data: Path) -> str:
    """A new key. A file of its digest, readable by its owner only, is what is stored."""
    directory = data / _DIRECTORY
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in directory.iterdir():
        if not _is_fresh(old):
            old.unlink(missing_ok=True)
    key = secrets.token_urlsafe(32)
    os.close(os.open(_file(data, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return key


def use(data: Path, key: str) -> bool:
    """Whether the key may sign in: it was created within LINK_SECONDS, and this is its first use.

    Removing the file decides, so that of two uses at the same time one succeeds.
    """
    if not _KEY.fullmatch(key):
        return False
    file = _file(data, key)
    is_fresh = _is_fresh(file)
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return is_fresh


def _file(data: Path, key: str) -> Path:
    return data / _DIRECTORY / hashlib.sha256(key.encode()).hexdigest()


def _is_fresh(file: Path) -> bool:
    with suppress(OSError):
        return time.time() - file.stat().st_mtime < LINK_SECONDS
    return False
