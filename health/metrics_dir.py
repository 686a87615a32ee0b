"""The directory in which related processes share their metrics, so that one of them can export the metrics of all.

Import this first: prometheus_client chooses multiprocess mode when it is imported. A child process finds the directory
in its environment; any other process creates a new one.
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
_NEW = "akako-new-"


def _new_directory() -> Path:
    try:
        made = Path(tempfile.mkdtemp(prefix=_NEW))
    except OSError:
        sys.exit("akako cannot start: no temporary directory for metrics is writable. Set TMPDIR to one that is.")
    # Held as long as this process or one of its children runs, however they end.
    fcntl.flock(os.open(made / _LOCK, os.O_CREAT | os.O_RDWR, 0o600), fcntl.LOCK_SH)
    # Another process that starts at the same time removes what is not locked, so it gets its name only now.
    return made.rename(made.with_name(PREFIX + made.name.removeprefix(_NEW)))


def _remove_unused() -> None:
    """Remove the directories of processes that have ended, since a killed process cannot do so."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = os.open(directory / _LOCK, os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(lock)


if parent_process() is None:
    _remove_unused()
    os.environ[VARIABLE] = str(_new_directory())

DIRECTORY = os.environ[VARIABLE]
