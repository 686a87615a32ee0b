"""Detects repeated deliveries whose body differs from the stored event with the same id."""

import hashlib
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from db import events
from db.events import NewEvent
from webhooks import metrics

log = structlog.get_logger()


def of(batch: Sequence[NewEvent], added: set[str]) -> list[NewEvent]:
    """The deliveries of a batch that were not stored because an event with the same id already existed."""
    first = set(added)
    repeats = []
    for event in batch:
        if event.svix_id in first:
            first.discard(event.svix_id)
        else:
            repeats.append(event)
    return repeats


def compare(connection: Connection, repeats: Sequence[NewEvent]) -> None:
    """Log and count each repeated delivery whose body differs from the stored one. The stored body is not changed.

    Raises the database's error if the query fails.
    """
    stored = events.digests(connection, list({event.svix_id for event in repeats}))
    for event in repeats:
        digest = hashlib.sha256(event.body).digest()
        if stored.get(event.svix_id, digest) != digest:
            metrics.CONFLICTING.inc()
            log.warning(
                "delivery.body_differs",
                svix_id=event.svix_id,
                stored_sha256=stored[event.svix_id].hex(),
                received_sha256=digest.hex(),
                verified_by=event.verified_by,
                next_step="Clerk never does this, so find out who else has the signing secret; see"
                " `docs/how-to/runbook.md`, Bodies differ",
            )
