"""Signs requests as Svix does, and in every way in which a receiver has to refuse them."""

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

SVIX, STANDARD = "svix", "webhook"
"""The two families of header names: `svix-id` and `webhook-id`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to the receiver."""

    body: bytes
    headers: tuple[tuple[str, bytes], ...]
    method: str = "POST"

    def without(self, name: str) -> "Request":
        """The request without one header."""
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name))

    def having(self, name: str, value: bytes) -> "Request":
        """The request with another value of a header."""
        return replace(self, headers=(*self.without(name).headers, (name, value)))


def signed(body: bytes, svix_id: str, *secrets: str, at: float | None = None, family: str = SVIX) -> Request:
    """A POST request with one signature for each secret, timestamped `at` (seconds since 1970; default now)."""
    timestamp = str(int(time.time() if at is None else at))
    signatures = " ".join(signature(secret, svix_id, timestamp, body) for secret in secrets)
    headers = headers_of(family, svix_id, timestamp, signatures)
    return Request(body, (("content-type", b"application/json"), ("user-agent", b"Svix-Webhooks/1"), *headers))


def headers_of(family: str, svix_id: str, timestamp: str, signatures: str) -> Sequence[tuple[str, bytes]]:
    """The three headers of a signature, under the names of a family."""
    values = {"id": svix_id, "timestamp": timestamp, "signature": signatures}
    return [(f"{family}-{name}", value.encode()) for name, value in values.items()]


def signature(secret: str, svix_id: str, timestamp: str, body: bytes) -> str:
    """One entry of the signature header. Unlike svix's library, it signs bytes that are not UTF-8."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    key = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    digest = hmac.new(key, f"{svix_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
