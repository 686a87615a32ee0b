"""A deadline that ends this process whatever its threads wait for, even if none of them can run Python.

A thread of the interpreter itself (`faulthandler`) keeps the time, and needs no lock. It writes what each thread was
doing to standard error, as plain text without values, and exits with code 1. Child processes do not have that thread.
"""

import faulthandler
import sys


def extend(seconds: float) -> None:
    """End the process `seconds` from now, unless this is called again; replaces the deadline that was set before."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
