"""A fake Clerk that builds events like the real one and signs their deliveries."""

import base64
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from svix.webhooks import Webhook

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
"""The origin of `at`: `at=1_500` is a second and a half later."""
ADA = "user_ada"


def moment(at: int) -> datetime:
    """`at` milliseconds after `BEGINNING`."""
    return BEGINNING + timedelta(milliseconds=at)


def milliseconds(at: int) -> int:
    """`at` as Clerk writes times: milliseconds since 1970."""
    return int(BEGINNING.timestamp()) * 1_000 + at


def signing_secret() -> str:
    """A random signing secret (`whsec_...`)."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def email_address(address: str, of: str = "idn_1") -> dict[str, Any]:
    """One entry of `email_addresses`."""
    return {"id": of, "object": "email_address", "email_address": address, "verification": {"status": "verified"}}


def user(clerk_id: str = ADA, *, at: int = 0, email: str | None = "ada@example.com", **fields: Any) -> dict[str, Any]:
    """The `data` of a creation or an update: the whole user at `at`. `fields` override the defaults."""
    return {
        "object": "user",
        "id": clerk_id,
        "email_addresses": [email_address(email)] if email else [],
        "primary_email_address_id": "idn_1" if email else None,
        "phone_numbers": [],
        "primary_phone_number_id": None,
        "username": None,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "image_url": "https://img.example.com/ada",
        "external_id": None,
        "external_accounts": [],
        "public_metadata": {},
        "private_metadata": {"note": "never to be seen"},
        "unsafe_metadata": {},
        "banned": False,
        "locked": False,
        "created_at": milliseconds(0),
        "updated_at": milliseconds(at),
        **fields,
    }


def event(kind: str, data: object, *, at: int = 0, **fields: Any) -> bytes:
    """A body: the envelope around `data`, sent 20 ms after the change. `fields` override the defaults."""
    envelope = {
        "type": kind,
        "object": "event",
        "data": data,
        "timestamp": milliseconds(at + 20),
        "instance_id": "ins_akako",
        "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "Mozilla/5.0"}},
        **fields,
    }
    return json.dumps(envelope).encode()


def deletion(clerk_id: str = ADA, *, at: int = 0) -> bytes:
    """The body of a deletion at exactly `at`."""
    return event("user.deleted", {"id": clerk_id, "object": "user", "deleted": True}, timestamp=milliseconds(at))


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed request, as the receiver gets it."""

    svix_id: str
    headers: dict[str, str]
    body: bytes

    @property
    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers in ASGI format."""
        return [(name.encode(), value.encode("latin-1")) for name, value in self.headers.items()]


class Clerk:
    """Signs with all of its secrets, as Clerk does during a rotation."""

    def __init__(self, *signing_secrets: str) -> None:
        self.secrets = signing_secrets or (signing_secret(),)

    def created(
        self, clerk_id: str = ADA, *, at: int = 0, email: str | None = "ada@example.com", **fields: Any
    ) -> Sent:
        """The delivery of a creation; `fields` override the defaults."""
        return self.send(event("user.created", user(clerk_id, at=at, email=email, **fields), at=at))

    def updated(
        self, clerk_id: str = ADA, *, at: int = 0, email: str | None = "ada@example.com", **fields: Any
    ) -> Sent:
        """The delivery of an update; `fields` override the defaults."""
        return self.send(event("user.updated", user(clerk_id, at=at, email=email, **fields), at=at))

    def deleted(self, clerk_id: str = ADA, *, at: int = 0) -> Sent:
        """The delivery of a deletion."""
        return self.send(deletion(clerk_id, at=at))

    def again(self, sent: Sent, *, seconds_ago: float = 0) -> Sent:
        """The same event delivered again: the same id and body, another time and signature."""
        return self.send(sent.body, svix_id=sent.svix_id, seconds_ago=seconds_ago)

    def send(self, body: bytes, *, svix_id: str | None = None, seconds_ago: float = 0) -> Sent:
        """Sign any body, with a timestamp `seconds_ago`."""
        svix_id = svix_id or f"msg_{secrets.token_hex(12)}"
        timestamp = int(time.time() - seconds_ago)
        signatures = [signature(secret, svix_id, timestamp, body) for secret in self.secrets]
        return Sent(
            svix_id=svix_id,
            headers={
                "svix-id": svix_id,
                "svix-timestamp": str(timestamp),
                "svix-signature": " ".join(signatures),
                "content-type": "application/json",
            },
            body=body,
        )


def signature(secret: str, svix_id: str, timestamp: int, body: bytes) -> str:
    """One entry of the signature header, by svix itself unless the body is not text, which svix does not sign."""
    try:
        return Webhook(secret).sign(svix_id, datetime.fromtimestamp(timestamp, UTC), body.decode())
    except UnicodeDecodeError:
        signed = b".".join([svix_id.encode(), str(timestamp).encode(), body])
        key = base64.b64decode(secret.removeprefix("whsec_"))
        return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
