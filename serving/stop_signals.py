"""Signals that stop a process cleanly: exit code 0, from its first moment to its last.

Import and install this before anything that takes long to import: until then a signal ends the process as killed.
"""

import signal
import sys


def install() -> None:
    """End with 0 on SIGTERM, SIGINT and SIGHUP.

    A server replaces the first two while it serves, so that it can answer what it took, and repeats them when done.
    SIGHUP, which a terminal sends when it is closed, counts as SIGTERM.
    """
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
