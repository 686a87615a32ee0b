"""Signs and sends a delivery as Svix does for Clerk."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from akako_guard.answers import certificates

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A body with its signed headers."""

    svix_id: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReceiverResponse:
    """The receiver's answer."""

    status: int
    text: str
    milliseconds: float

    @property
    def accepted(self) -> bool:
        """Whether Svix would count it as a success; Svix does not follow redirects."""
        return 200 <= self.status < 300


def sign(secret: str, svix_id: str, body: bytes, *, at: float | None = None, forged: bool = False) -> SignedRequest:
    """Sign a body with a `whsec_...` secret, timestamped `at` (seconds since 1970; default now).

    With `forged`, the signature is that of another body. Raises UnicodeDecodeError if the body is not UTF-8: Svix signs
    text.
    """
    from svix.webhooks import Webhook  # the import takes half a second

    moment = datetime.fromtimestamp(int(time.time() if at is None else at), tz=UTC)
    signed = body.decode() + (" " if forged else "")
    headers = {
        "content-type": "application/json",
        "user-agent": "Svix-Webhooks/1 (akako deliver)",
        "svix-id": svix_id,
        "svix-timestamp": str(int(moment.timestamp())),
        "svix-signature": Webhook(secret).sign(svix_id, moment, signed),
    }
    return SignedRequest(svix_id, body, headers)


def send(delivery: SignedRequest, url: str) -> ReceiverResponse:
    """Send the request once. Raises httpx.HTTPError if there is no answer within 15 seconds."""
    trusted = certificates()
    started = time.perf_counter()
    answer = httpx.post(
        url,
        content=delivery.body,
        headers=delivery.headers,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=trusted,
    )
    return ReceiverResponse(answer.status_code, answer.text, (time.perf_counter() - started) * 1_000)
