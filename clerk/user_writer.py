"""Creates and deletes users by Clerk's Backend API, and verifies their passwords. One attempt each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from akako_guard import answers
from akako_guard.identifier import identifier
from clerk import json
from clerk.backend import API_VERSION, NOT_FOUND, ClerkUnavailable

SECONDS = 10.0
INCORRECT = "incorrect_password"
REFUSED = (400, 402, 403, 409, 422)
"""Statuses with which Clerk refuses a change of one user; repeating it does not help."""


@dataclass(frozen=True, slots=True)
class WriteRefused:
    """Clerk does not accept this change of a user."""

    code: str
    """Clerk's error code, such as `form_password_digest_invalid_code`; without one, the status."""


class UserWriter:
    """Changes users of one Clerk instance. Errors contain nothing of requests, which may have digests."""

    def __init__(self, secret_key: str, url: str) -> None:
        self._url = f"{url}/v1/users"
        self._client = answers.client(SECONDS)
        self._client.headers.update({"Authorization": f"Bearer {secret_key}", "Clerk-API-Version": API_VERSION})

    def create(self, fields: Mapping[str, object]) -> str | WriteRefused:
        """Create a user; returns the id. Raises ClerkUnavailable, and the user may have been created nevertheless."""
        status, found = self._send("POST", "", fields)
        if status in REFUSED:
            return _refused(status, found)
        clerk_id = identifier(found.get("id"))
        if status != 200 or clerk_id is None:
            raise _unavailable(status)
        return clerk_id

    def delete(self, clerk_id: str) -> bool:
        """Delete a user; False if there is none. Raises ClerkUnavailable."""
        status, found = self._send("DELETE", f"/{clerk_id}")
        if status == 404 and _refused(status, found).code == NOT_FOUND:
            return False
        if status != 200:
            raise _unavailable(status)
        return True

    def verifies(self, clerk_id: str, password: str) -> bool | WriteRefused:
        """Whether Clerk accepts a password of a user. Raises ClerkUnavailable."""
        status, found = self._send("POST", f"/{clerk_id}/verify_password", {"password": password})
        if status == 200:
            return found.get("verified") is True
        refused = _refused(status, found)
        if refused.code == INCORRECT:
            return False
        if status in REFUSED:
            return refused
        raise _unavailable(status)

    def close(self) -> None:
        """Close the connection pool."""
        self._client.close()

    def _send(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Status and object of the response; an empty object if it is something else."""
        try:
            response = self._client.request(method, self._url + path, json=body)
            found = json.loads(response.content)
        except httpx.HTTPError as error:
            raise ClerkUnavailable(type(error).__name__) from None
        except ValueError:
            found = None
        return response.status_code, found if isinstance(found, dict) else {}


def _refused(status: int, found: Mapping[str, Any]) -> WriteRefused:
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    return WriteRefused(code if isinstance(code, str) else f"status {status}")


def _unavailable(status: int) -> ClerkUnavailable:
    return ClerkUnavailable(f"status {status}", transient=status == 429 or status >= 500)
