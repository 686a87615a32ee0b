"""Users at Clerk: `python -m bench.peers.clerk_users PORT COUNT CERTIFICATE KEY` serves the Backend API over TLS.

Answers `GET /v1/users` (pages by `starting_after` and `limit`, oldest first, or by `offset`, last updated first),
`/v1/users/count` and `/v1/instance`. The users are numbered, and each page is written when it is asked for, so that the
server needs little CPU and no memory. It accepts every key and has no rate limit.
"""

import asyncio
import json
import ssl
import sys
from typing import cast
from urllib.parse import SplitResult, parse_qs, urlsplit

import uvloop

from dev.clerk.user import Email, User

INSTANCE = b'{"object": "instance", "id": "ins_2g7np7Hrk0SN6kj5EDMLDaKNL0S", "environment_type": "production"}'
FIRST = 1_704_067_200_000
"""When user 0 was created; the others follow a second apart."""
_NUMBER, _CREATED, _UPDATED = "98765432109876543210", 1_111_111_111_111, 1_222_222_222_222
_ADDRESS = "idn_29w83yL7CwVlJXylYLxcslromF1"


def _user() -> bytes:
    """A user that signs in with Google, about 2.3 KB of JSON, as a format with the number and the times."""
    address = Email(_ADDRESS, f"ada.{_NUMBER}@example.com", "verified", _CREATED, _CREATED)
    user = User(
        id=f"user_{_NUMBER}",
        created_at=_CREATED,
        updated_at=_UPDATED,
        email_addresses=(address,),
        primary_email_address_id=_ADDRESS,
        first_name="Ada",
        last_name="Lovelace",
        external_id=f"learner-{_NUMBER}",
        public_metadata={"locale": "en-GB", "plan": "team", "onboarded": True},
        unsafe_metadata={"theme": "dark", "referrer": "https://www.example.com/courses/mathematics"},
        last_sign_in_at=_UPDATED,
        last_active_at=_UPDATED,
    )
    body = json.dumps(user.as_json | {"external_accounts": [_google_account()]}, separators=(",", ":"))
    for value, place in ((_NUMBER, "%(number)020d"), (_CREATED, "%(created)d"), (_UPDATED, "%(updated)d")):
        body = body.replace(str(value), place)
    return body.encode()


def _google_account() -> dict[str, object]:
    return {
        "object": "external_account",
        "id": "eac_29w83yL7CwVlJXylYLxcslromF1",
        "provider": "oauth_google",
        "identification_id": "idn_29w84DFvUcIkJXylYLxcslromF2",
        "provider_user_id": "113456789012345678901",
        "approved_scopes": "email https://www.googleapis.com/auth/userinfo.email openid profile",
        "email_address": f"ada.{_NUMBER}@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "username": None,
        "public_metadata": {},
        "label": None,
        "created_at": _CREATED,
        "updated_at": _CREATED,
        "verification": {"status": "verified", "strategy": "oauth_google", "attempts": None, "expire_at": _CREATED},
    }


_FORMAT = _user()


def page(count: int, asked: dict[str, list[str]]) -> bytes:
    """One page of the users 0 to `count` - 1; the last created user is the last updated one, too."""
    limit = int(asked["limit"][0])
    if asked["order_by"] == ["-updated_at"]:
        newest = count - 1 - int(asked.get("offset", ["0"])[0])
        numbers = range(newest, max(newest - limit, -1), -1)
    else:
        cursor = asked.get("starting_after")
        first = int(cursor[0].removeprefix("user_")) + 1 if cursor else 0
        numbers = range(first, min(first + limit, count))
    users = (
        _FORMAT % {b"number": n, b"created": FIRST + 1_000 * n, b"updated": FIRST + 1_000 * n + 500} for n in numbers
    )
    return b"[%b]" % b",".join(users)


class ClerkUsers(asyncio.Protocol):
    """A connection of a client that sends a request in one piece, and the next one after the answer."""

    def __init__(self, count: int) -> None:
        self._count = count

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport is not a subclass

    def data_received(self, data: bytes) -> None:
        body = self._answer(urlsplit(data.split(b" ", 2)[1].decode()))
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)

    def _answer(self, url: SplitResult) -> bytes:
        match url.path:
            case "/v1/instance":
                return INSTANCE
            case "/v1/users/count":
                return b'{"object": "total_count", "total_count": %d}' % self._count
        return page(self._count, parse_qs(url.query))


async def serve(port: int, count: int, certificate: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ClerkUsers(count), "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
