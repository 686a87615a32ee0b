"""Stored deliveries as evidence for audit lines, without personal data."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """A stored delivery and how it was verified."""

    svix_id: str
    type: str | None
    occurred_at: datetime | None
    received_at: datetime
    applied_at: datetime | None
    status: str
    svix_timestamp: int
    """Signed timestamp of the delivery attempt, in seconds since 1970."""
    svix_signature: str
    verified_by: str
    """Fingerprint of the signing secret that verified the delivery: the first 12 hex digits of its SHA-256."""
    body_sha256: str
    body_bytes: int | None
    """None after the body was removed because of its age. The digest remains."""


def deliveries(connection: Connection, svix_ids: Collection[str]) -> list[DeliveryEvidence]:
    """The stored deliveries among these, in the order received."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, type, occurred_at, received_at, applied_at, status, svix_timestamp, svix_signature, verified_by,
               encode(coalesce(digest, sha256(body)), 'hex'), octet_length(body)
        from webhook_events where svix_id = any(%(ids)b::text[]) order by received_at, svix_id
        """,
        {"ids": list(svix_ids)},
    )
    return [DeliveryEvidence(*row) for row in rows]
