"""Where the processes of one part count together, so that one of them can answer for all.

Import this first: prometheus_client decides how it counts when it is itself imported. A process that was started by
another of the same part finds the place in its environment; any other makes a new one.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from multiprocessing import parent_process
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "akako-counts-"
_LOCK = "in-use"


def _new_directory() -> Path:
    try:
        place = Path(tempfile.mkdtemp(prefix=PREFIX))
    except OSError:
        sys.exit("akako cannot start: there is no directory to count in. Set TMPDIR to one that can be written.")
    # Held for as long as this process or one of its children lives, however they end.
    fcntl.flock(os.open(place / _LOCK, os.O_CREAT | os.O_RDWR, 0o600), fcntl.LOCK_SH)
    return place


def _remove_unused() -> None:
    """Remove the places of those that are gone: who is killed cannot do it himself."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = os.open(place / _LOCK, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(lock)


if parent_process() is None:
    _remove_unused()
    os.environ[VARIABLE] = str(_new_directory())

DIRECTORY = os.environ[VARIABLE]
