"""Sends requests to Clerk at the agreed pace, and again after failures that pass."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from clerk.http import ClerkUnavailable
from reconcile.pace import Pace

log = structlog.get_logger()

Answer = TypeVar("Answer")

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
TRIES = 12
"""About six minutes of failures."""


def ask(
    pace: Pace, request: Callable[[], Answer], *, before: Callable[[], None] = lambda: None, tries: int = TRIES
) -> Answer:
    """The answer to a request, which is repeated with growing pauses; `before` is called right before each attempt.

    Raises ClerkUnavailable after `tries` failures, or at once if repeating cannot help or Clerk asks for a pause of
    more than `LONGEST_PAUSE_SECONDS`.
    """
    pause = FIRST_PAUSE_SECONDS
    for left in reversed(range(tries)):
        pace.wait()
        before()
        try:
            return request()
        except ClerkUnavailable as unavailable:
            if not unavailable.transient or not left:
                raise
            if unavailable.retry_after > LONGEST_PAUSE_SECONDS:
                reason = f"{unavailable}, and it asks to try again in {unavailable.retry_after:,.0f} seconds"
                raise ClerkUnavailable(reason, retry_after=unavailable.retry_after) from unavailable
            seconds = max(pause, unavailable.retry_after)
            log.info("clerk_api.unavailable", reason=str(unavailable), seconds=seconds, next_step="none: asked again")
            pace.pause(seconds)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise AssertionError("unreachable")
