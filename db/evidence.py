"""The evidence: kept deliveries as proof of what Clerk said. What they say of a person stays in the table."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """A kept delivery and how it was verified."""

    svix_id: str
    type: str | None
    occurred_at: datetime | None
    received_at: datetime
    applied_at: datetime | None
    status: str
    svix_timestamp: int
    """The attempt's time, in seconds since 1970, as it was signed."""
    svix_signature: str
    verified_by: str
    """The signing secret that fitted: the first 12 hexadecimal digits of its SHA-256."""
    body_sha256: str
    body_bytes: int | None
    """None once the body was removed for its age; its digest stays."""


def deliveries(connection: Connection, svix_ids: Collection[str]) -> list[DeliveryEvidence]:
    """The kept deliveries among these, the first received first."""
    rows = connection.exec_driver_sql(
        """
        select svix_id, type, occurred_at, received_at, applied_at, status, svix_timestamp, svix_signature, verified_by,
               encode(coalesce(digest, sha256(body)), 'hex'), octet_length(body)
        from webhook_events where svix_id = any(%(ids)b::text[]) order by received_at, svix_id
        """,
        {"ids": list(svix_ids)},
    )
    return [DeliveryEvidence(*row) for row in rows]
