"""Signed deliveries of new users as raw HTTP requests."""

import base64
import hmac
import json
import time
from dataclasses import dataclass

SECRET = "whsec_" + base64.b64encode(b"a key of the benchmark, 32 bytes").decode()
_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
_NUMBER, _MILLISECONDS = "12345678901234567890", 1_111_111_111_111

_HEAD = (
    b"POST /webhooks/clerk HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"user-agent: Svix-Webhooks/1.99\r\naccept: */*\r\nsvix-id: %b\r\nsvix-timestamp: %b\r\n"
    b"svix-signature: v1,%b\r\ncontent-length: %d\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """The creation of a user, identified by run and number."""

    run: str
    number: int

    @property
    def svix_id(self) -> str:
        return f"msg_{self.run}_{self.number:020}"

    @property
    def clerk_id(self) -> str:
        return f"user_{self.run}_{self.number:020}"

    def body(self) -> bytes:
        """A body of about 1.1 KB, the size of Clerk's `user.created`."""
        name, now = f"{self.run}_{self.number:020}", int(time.time() * 1_000)
        return _BODY.replace(_NUMBER.encode(), name.encode()).replace(b"%d" % _MILLISECONDS, b"%d" % now)

    def request(self) -> bytes:
        """The complete HTTP request, signed now as Svix signs."""
        body, svix_id, timestamp = self.body(), self.svix_id.encode(), b"%d" % time.time()
        signature = base64.b64encode(hmac.digest(_KEY, b"%b.%b.%b" % (svix_id, timestamp, body), "sha256"))
        return _HEAD % (svix_id, timestamp, signature, len(body)) + body


def _user() -> dict[str, object]:
    address = {
        "id": "idn_29w83yL7CwVlJXylYLxcslromF1",
        "object": "email_address",
        "email_address": f"{_NUMBER}@example.com",
        "linked_to": [],
        "verification": {"status": "verified", "strategy": "ticket", "attempts": None, "expire_at": None},
    }
    return {
        "id": f"user_{_NUMBER}",
        "object": "user",
        "email_addresses": [address],
        "primary_email_address_id": address["id"],
        "first_name": "Ada",
        "last_name": "Example",
        "username": None,
        "image_url": "https://img.example.com/xxxxxx",
        "external_id": None,
        "banned": False,
        "locked": False,
        "password_enabled": True,
        "two_factor_enabled": False,
        "phone_numbers": [],
        "web3_wallets": [],
        "external_accounts": [],
        "public_metadata": {},
        "private_metadata": {},
        "unsafe_metadata": {},
        "created_at": _MILLISECONDS,
        "updated_at": _MILLISECONDS,
        "last_sign_in_at": None,
    }


_BODY = json.dumps(
    {
        "data": _user(),
        "event_attributes": {"http_request": {"client_ip": "192.0.2.1", "user_agent": "Mozilla/5.0 (example)"}},
        "instance_id": "ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S",
        "object": "event",
        "timestamp": _MILLISECONDS,
        "type": "user.created",
    }
).encode()
