"""Compares repeated deliveries with the events that they repeat: one id has to have one body."""

import hashlib
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from db import events
from db.events import NewEvent
from webhooks import metrics

log = structlog.get_logger()


def of(batch: Sequence[NewEvent], added: set[str]) -> list[NewEvent]:
    """The deliveries of a batch that were not stored, as an event of the same id was there before them."""
    first = set(added)
    repeats = []
    for kept in batch:
        if kept.svix_id in first:
            first.discard(kept.svix_id)
        else:
            repeats.append(kept)
    return repeats


def compare(connection: Connection, repeats: Sequence[NewEvent]) -> None:
    """Log and count each repeated delivery whose body is not the stored one. The stored one stands.

    Raises the database's error if it cannot be asked.
    """
    stored = events.digests(connection, list({kept.svix_id for kept in repeats}))
    for kept in repeats:
        digest = hashlib.sha256(kept.body).digest()
        if stored.get(kept.svix_id, digest) != digest:
            metrics.DIFFERENT.inc()
            log.warning(
                "delivery.body_differs",
                svix_id=kept.svix_id,
                stored_sha256=stored[kept.svix_id].hex(),
                received_sha256=digest.hex(),
                verified_by=kept.verified_by,
                next_step="see `docs/how-to/runbook.md`, Bodies differ: Clerk never does this, so ask who else signs",
            )
