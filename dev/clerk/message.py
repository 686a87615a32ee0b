"""A message that Svix delivers, its attempts, and the signature of each."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

MINUTE, HOUR = 60, 3_600
PAUSES_SECONDS = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
"""The pauses after each failed attempt; after the last one, the message has failed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a delivery; without a status if there was no answer."""

    at: int
    """Milliseconds since 1970."""
    status: int | None
    error: str | None
    milliseconds: int

    @property
    def succeeded(self) -> bool:
        """Whether the receiver answered 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An event on its way to the endpoint."""

    id: str
    type: str
    user_id: str
    body: str
    created_at: int
    status: str = "pending"
    """pending, delivered, failed, aborted (by the receiver), dropped, or skipped (the endpoint was disabled)."""
    due: float | None = None
    """When the next attempt is made, on the clock of the schedule; None: never."""
    behind: str | None = None
    """The message that is delivered first: its id, or `next` until there is one."""
    copies: int = 0
    """How often it is delivered again after it was accepted."""
    attempts: tuple[Attempt, ...] = field(default=())


def headers(svix_id: str, timestamp: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a delivery, with a signature of each secret."""
    signed = f"{svix_id}.{timestamp}.{body}".encode()
    return {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1 (akako clerk)",
        "svix-id": svix_id,
        "svix-timestamp": str(timestamp),
        "svix-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
