"""A thread that the process cannot do without: it never ends unnoticed."""

import os
import threading
from collections.abc import Callable

import structlog

from config import logs

log = structlog.get_logger()

BROKEN = 70
"""The exit code of a process that lost one of its threads; whoever supervises it starts another."""


def essential(name: str, work: Callable[[], None]) -> threading.Thread:
    """A thread, not yet started, that takes the whole process with it if its work fails.

    A receiver that answers its health check and keeps nothing would be worse than none.
    """

    def run() -> None:
        try:
            work()
        except BaseException as error:
            log.critical(
                "thread.died", thread=name, next_step="report this: it is a fault of ours", **logs.fault(error)
            )
            os._exit(BROKEN)

    return threading.Thread(target=run, name=name, daemon=True)
