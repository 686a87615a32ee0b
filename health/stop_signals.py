"""Signals that stop a process cleanly: exit code 0, from its first moment to its last.

Import and install this before anything that takes long to import: until then a signal ends the process as killed.
"""

import signal
import sys


def install() -> None:
    """End with 0 on SIGTERM, SIGINT and SIGHUP.

    A server replaces what SIGTERM does while it serves, so that it can finish what it took. The others count as
    SIGTERM, unless they are replaced too: a terminal sends SIGINT for Ctrl-C and SIGHUP when it is closed.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    treat_as_sigterm()


def treat_as_sigterm() -> None:
    """Have SIGINT and SIGHUP do from now on what SIGTERM does."""
    for other in (signal.SIGINT, signal.SIGHUP):
        signal.signal(other, lambda *_: signal.raise_signal(signal.SIGTERM))
