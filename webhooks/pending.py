"""Deliveries that are waiting for their commit."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from db.events import NewEvent
from webhooks.outcome import Outcome, StorageUnavailable


@dataclass(slots=True, eq=False)
class PendingDelivery:
    """A delivery, and the future that its request awaits."""

    event: NewEvent
    outcome: asyncio.Future[Outcome]
    since: float
    """When it arrived (monotonic clock, in seconds)."""


def complete(batch: Sequence[PendingDelivery], result: set[str] | StorageUnavailable) -> None:
    """Complete every future of a batch, with one call into the event loop. `result`: the ids of the inserted events."""
    if batch:
        with contextlib.suppress(RuntimeError):  # the event loop is closed, so no request is waiting
            batch[0].outcome.get_loop().call_soon_threadsafe(_set_results, batch, result)


def _set_results(batch: Sequence[PendingDelivery], result: set[str] | StorageUnavailable) -> None:
    first = set(result) if isinstance(result, set) else set()
    for pending in batch:
        fresh = pending.event.svix_id in first
        first.discard(pending.event.svix_id)
        if pending.outcome.done():
            continue
        if isinstance(result, StorageUnavailable):
            pending.outcome.set_exception(result)
        else:
            pending.outcome.set_result(Outcome.ACCEPTED if fresh else Outcome.DUPLICATE)
