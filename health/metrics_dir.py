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


def _new_directory() -> Path:
    """A new directory, locked as long as this process or one of its children runs, however they end."""
    while True:
        try:
            directory = Path(tempfile.mkdtemp(prefix=PREFIX))
            lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:
            sys.exit("akako cannot start: no temporary directory for metrics is writable. Set TMPDIR to one that is.")
        fcntl.flock(lock, fcntl.LOCK_SH)
        # Another process that starts may have removed it before it was locked.
        if (directory / _LOCK).exists():
            return directory
        os.close(lock)


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
