"""Threads that are essential to their process: if one fails, the process exits."""

import os
import threading
from collections.abc import Callable

import structlog

from config import logs

log = structlog.get_logger()

BROKEN = 70
"""The exit code of a process in which an essential thread failed; its supervisor restarts it."""


def essential(name: str, work: Callable[[], None]) -> threading.Thread:
    """A daemon thread, not yet started, that terminates the process if its work fails.

    Otherwise, for example, a receiver could pass its health check and store nothing.
    """

    def run() -> None:
        try:
            work()
        except BaseException as error:
            log.critical("thread.died", thread=name, next_step="report this as a bug", **logs.fault(error))
            os._exit(BROKEN)

    return threading.Thread(target=run, name=name, daemon=True)
