"""Numbered deliveries: each even number creates a user, and the odd one after it bans the same user."""

import base64
import hmac
import json
import time
from dataclasses import dataclass

SECRET = "whsec_" + base64.b64encode(b"a key of the proof, of 32 bytes.").decode()
_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
BEGINNING_MS = 1_764_000_000_000


@dataclass(frozen=True, slots=True)
class Numbered:
    """A delivery, identical each time it is sent."""

    number: int

    @property
    def svix_id(self) -> str:
        """The id of the delivery."""
        return f"msg_{self.number:08}"

    @property
    def clerk_id(self) -> str:
        """The id of the user, which two deliveries share."""
        return f"user_{self.number // 2:08}"

    @property
    def bans(self) -> bool:
        """Whether this is the second of its user's two deliveries."""
        return self.number % 2 == 1

    def body(self) -> bytes:
        """The body: the whole user with its version."""
        at = BEGINNING_MS + self.number
        user = {
            "object": "user",
            "id": self.clerk_id,
            "email_addresses": [{"id": "idn_1", "email_address": f"{self.clerk_id}@example.com"}],
            "primary_email_address_id": "idn_1",
            "first_name": "Ada",
            "last_name": "Example",
            "banned": self.bans,
            "created_at": BEGINNING_MS,
            "updated_at": at,
        }
        kind = "user.updated" if self.bans else "user.created"
        return json.dumps({"type": kind, "object": "event", "data": user, "timestamp": at + 20}).encode()

    def headers(self, *, seconds_ahead: float = 0) -> dict[str, str]:
        """Headers signed as Svix signs, now or `seconds_ahead` of now."""
        timestamp = str(int(time.time() + seconds_ahead))
        signed = b".".join([self.svix_id.encode(), timestamp.encode(), self.body()])
        signature = base64.b64encode(hmac.digest(_KEY, signed, "sha256")).decode()
        return {
            "content-type": "application/json",
            "svix-id": self.svix_id,
            "svix-timestamp": timestamp,
            "svix-signature": f"v1,{signature}",
        }
