"""Shows a stored event to a person: as it was received, whether its signature still verifies, and what it changed.

Not in `db`, since it interprets a body and a signature; not in `api`, since commands use it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from clerk import redaction
from clerk.signature import SigningSecrets
from db import audit, event_actions, event_search, permission
from db.audit import AuditEntry, Author
from db.event_search import EventEntry, SignedDelivery
from sync.refusal import EventUnknown

UNCHECKED = "Not checked: CLERK_WEBHOOK_SIGNING_SECRET is not set here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A stored event with its signature, body and audit lines."""

    entry: EventEntry
    svix_timestamp: int
    svix_signature: str
    verified_by: str
    """Fingerprint of the secret that verified it when it was received."""
    verified_now_by: str | None
    """Fingerprint of the live secret that verifies it now, regardless of its age; None if none does or none is set."""
    verification: str
    """The same as a sentence."""
    content: Any
    """The body as a value, with personal data redacted."""
    body: str | None
    """The body exactly as received; only if it is revealed."""
    note: str | None
    """A remark about the body, if it is erased or not UTF-8."""
    lines: Sequence[AuditEntry]
    """The audit lines that it caused and those of people's actions on it, in order."""


def inspect(connection: Connection, svix_id: str, signing_secrets: SigningSecrets | None) -> Inspection:
    """One event with personal data redacted. Changes nothing. Raises EventUnknown."""
    return _inspection(connection, _find(connection, svix_id), signing_secrets)


def reveal(connection: Connection, svix_id: str, signing_secrets: SigningSecrets | None, author: Author) -> Inspection:
    """One event with its body as received; the audit trail records who revealed it, and why.

    Raises NotPermitted or EventUnknown.
    """
    permission.lock_and_check(connection, author.permission)
    found = _find(connection, svix_id)
    if found.body is not None:
        audit.set_author(connection, author)
        event_actions.note_revealed(connection, [svix_id])
    return _inspection(connection, found, signing_secrets, revealed=True)


def _find(connection: Connection, svix_id: str) -> SignedDelivery:
    found = event_search.find(connection, svix_id)
    if found is None:
        raise EventUnknown
    return found


def _inspection(
    connection: Connection, found: SignedDelivery, signing_secrets: SigningSecrets | None, *, revealed: bool = False
) -> Inspection:
    svix_id, body = found.entry.svix_id, found.body
    now_by = (
        signing_secrets.signed_by(svix_id, found.svix_timestamp, found.svix_signature, body)
        if signing_secrets and body is not None
        else None
    )
    return Inspection(
        entry=found.entry,
        svix_timestamp=found.svix_timestamp,
        svix_signature=found.svix_signature,
        verified_by=found.verified_by,
        verified_now_by=now_by,
        verification=_sentence(found, signing_secrets, now_by),
        content=None if body is None else redaction.redacted(body),
        body=body.decode(errors="replace") if body is not None and revealed else None,
        note=_note(body),
        lines=event_search.lines(connection, found.entry),
    )


def _note(body: bytes | None) -> str | None:
    if body is None:
        return "The body was erased because of its age; the audit trail shows what the event changed."
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"The body is not valid UTF-8 at byte {error.start}; U+FFFD replaces invalid bytes."
    return None


def _sentence(found: SignedDelivery, signing_secrets: SigningSecrets | None, now_by: str | None) -> str:
    if found.body is None:
        return "It can no longer be verified: the body was erased because of its age."
    if signing_secrets is None:
        return UNCHECKED
    if now_by is None:
        return f"No live secret verifies it. {found.verified_by} did when it was received: has it been rotated out?"
    return (
        f"The live secret {now_by} verifies it, as it did when it was received."
        if now_by == found.verified_by
        else f"The live secret {now_by} verifies it; when it was received, {found.verified_by} was tried first and did."
    )
