"""Those who wait for their delivery to be kept, and how they are told."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from db.events import Kept
from webhooks.outcome import Outcome, Unavailable


@dataclass(slots=True, eq=False)
class Waiting:
    """A delivery, and the answer for which its sender waits."""

    kept: Kept
    answer: asyncio.Future[Outcome]
    since: float
    """By the monotonic clock, in seconds."""


def answer(batch: Sequence[Waiting], result: set[str] | Unavailable) -> None:
    """Give every waiting request its answer, with one call into its event loop."""
    if batch:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            batch[0].answer.get_loop().call_soon_threadsafe(_settle, batch, result)


def _settle(batch: Sequence[Waiting], result: set[str] | Unavailable) -> None:
    first = set(result) if isinstance(result, set) else set()
    for waiting in batch:
        fresh = waiting.kept.svix_id in first
        first.discard(waiting.kept.svix_id)
        if waiting.answer.done():
            continue
        if isinstance(result, Unavailable):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(Outcome.ACCEPTED if fresh else Outcome.DUPLICATE)
