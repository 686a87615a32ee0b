"""Handles signals so that they stop a process cleanly, with exit code 0, from its start to its end.

Import and install this before any slow import: until then, a signal kills the process.
"""

import signal
import sys


def install() -> None:
    """Exit with 0 on SIGTERM, SIGINT and SIGHUP.

    While it serves, a server replaces the handler of SIGTERM to finish the requests that it has accepted. The others
    are treated as SIGTERM unless replaced too: a terminal sends SIGINT for Ctrl-C, and SIGHUP when it is closed.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    treat_as_sigterm()


def treat_as_sigterm() -> None:
    """Treat SIGINT and SIGHUP as SIGTERM from now on."""
    for other in (signal.SIGINT, signal.SIGHUP):
        signal.signal(other, lambda *_: signal.raise_signal(signal.SIGTERM))
