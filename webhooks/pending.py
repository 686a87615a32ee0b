"""Those who wait for their delivery to be kept, and how they are told."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from db.events import NewEvent
from webhooks.outcome import Outcome, StorageUnavailable


@dataclass(slots=True, eq=False)
class PendingDelivery:
    """A delivery, and the answer for which its sender waits."""

    kept: NewEvent
    answer: asyncio.Future[Outcome]
    since: float
    """By the monotonic clock, in seconds."""


def answer(batch: Sequence[PendingDelivery], result: set[str] | StorageUnavailable) -> None:
    """Give every waiting request its answer, with one call into its event loop."""
    if batch:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            batch[0].answer.get_loop().call_soon_threadsafe(_settle, batch, result)


def _settle(batch: Sequence[PendingDelivery], result: set[str] | StorageUnavailable) -> None:
    first = set(result) if isinstance(result, set) else set()
    for waiting in batch:
        fresh = waiting.kept.svix_id in first
        first.discard(waiting.kept.svix_id)
        if waiting.answer.done():
            continue
        if isinstance(result, StorageUnavailable):
            waiting.answer.set_exception(result)
        else:
            waiting.answer.set_result(Outcome.ACCEPTED if fresh else Outcome.DUPLICATE)
