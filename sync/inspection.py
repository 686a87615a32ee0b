"""A kept delivery looked at by a person: as it came, whether it still verifies, and what became of it.

Here and not in `db`, as it reads a body and a signature; here and not in `api`, as the commands need it too.
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
    """A delivery, looked at."""

    entry: EventEntry
    svix_timestamp: int
    svix_signature: str
    verified_by: str
    """The secret that fitted when it came, by its fingerprint."""
    verified_now_by: str | None
    """The live secret that fits now, whatever the time; None if none does, or if none could be tried."""
    verification: str
    """The same as a sentence."""
    content: Any
    """The body as a value; personal fields are hidden."""
    body: str | None
    """The body exactly as it came, only if it was asked to be revealed."""
    note: str | None
    """What there is to say of the body."""
    lines: Sequence[AuditEntry]
    """What it changed, and what people did with it, first to last."""


def inspect(connection: Connection, svix_id: str, signing_secrets: SigningSecrets | None) -> Inspection:
    """One delivery, without its personal fields. Changes nothing. Raises EventUnknown."""
    return _inspection(connection, _find(connection, svix_id), signing_secrets)


def reveal(connection: Connection, svix_id: str, signing_secrets: SigningSecrets | None, author: Author) -> Inspection:
    """One delivery with its body as it came; a line in the trail says who saw it, and why.

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
        return "The body was removed for its age; what it changed is in the trail."
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"The body is not UTF-8 from byte {error.start} on; U+FFFD stands for what cannot be shown."
    return None


def _sentence(found: SignedDelivery, signing_secrets: SigningSecrets | None, now_by: str | None) -> str:
    if found.body is None:
        return "It cannot be verified any more: the body was removed for its age."
    if signing_secrets is None:
        return UNCHECKED
    if now_by is None:
        return f"No live secret fits. When it came, {found.verified_by} did: was that one rotated out since?"
    return (
        f"The live secret {now_by} fits, as it did when it came."
        if now_by == found.verified_by
        else (f"The live secret {now_by} fits; when it came, {found.verified_by} was tried first and did.")
    )
