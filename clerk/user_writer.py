"""Creates, finds, changes and deletes users by Clerk's Backend API, and verifies their passwords. One attempt each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from akako_guard import answers
from akako_guard.answers import Incomplete
from akako_guard.identifier import identifier
from clerk import json
from clerk.backend import (
    MOST_IDS,
    MOST_PAGE_BYTES,
    NOT_FOUND,
    PAGE_SECONDS,
    ClerkUnavailable,
    connect,
    demanded_pause,
)
from clerk.user import Snapshot, snapshot

SECONDS = 10.0
INCORRECT = "incorrect_password"
EXISTS = "form_identifier_exists"
"""Another user has the external id, the e-mail address or the username."""
QUOTA = "user_quota_exceeded"
"""The instance takes no more users."""
REFUSED = (400, 402, 403, 409, 422)
"""Statuses with which Clerk refuses a change of one user; repeating it does not help."""


@dataclass(frozen=True, slots=True)
class WriteRefused:
    """Clerk does not accept this change of a user."""

    code: str
    """Clerk's error code, such as `form_password_digest_invalid_code`; without one, the status."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    found: Any
    """The JSON value of the body; None if it is something else."""
    retry_after: float

    @property
    def object(self) -> dict[str, Any]:
        return self.found if isinstance(self.found, dict) else {}

    @property
    def refused(self) -> WriteRefused:
        errors = self.object.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        code = first.get("code") if isinstance(first, dict) else None
        return WriteRefused(code if isinstance(code, str) else f"status {self.status}")

    @property
    def unavailable(self) -> ClerkUnavailable:
        transient = self.status == 429 or self.status >= 500
        return ClerkUnavailable(f"status {self.status}", transient=transient, retry_after=self.retry_after)


class UserWriter:
    """Changes users of one Clerk instance. Errors contain nothing of requests, which may have digests."""

    def __init__(self, secret_key: str, url: str, seconds: float = SECONDS) -> None:
        self._url = f"{url}/v1/users"
        self._client = connect(secret_key, seconds)

    def create(self, fields: Mapping[str, object]) -> str | WriteRefused:
        """Create a user; returns the id. Raises ClerkUnavailable, and the user may have been created nevertheless."""
        answer = self._create(fields)
        if isinstance(answer, WriteRefused):
            return answer
        clerk_id = identifier(answer.object.get("id"))
        if clerk_id is None:
            raise answer.unavailable
        return clerk_id

    def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        """The same; returns the whole user."""
        answer = self._create(fields)
        if isinstance(answer, WriteRefused):
            return answer
        made = snapshot(answer.object)
        if made is None:
            raise ClerkUnavailable("the response is not a user")
        return made

    def find(self, external_id: str) -> Snapshot | None:
        """The user with an external id, if Clerk knows one already. Raises ClerkUnavailable."""
        return self.find_all([external_id]).get(external_id)

    def find_all(self, external_ids: Sequence[str]) -> dict[str, Snapshot]:
        """The users with up to 100 external ids, by that id. Raises ClerkUnavailable."""
        # Without a sign before it, an id that begins with one would mean something else.
        params = [("limit", str(MOST_IDS)), *(("external_id", f"+{each}") for each in external_ids)]
        answer = self._send("GET", "", params=params)
        if answer.status != 200:
            raise answer.unavailable
        if not isinstance(answer.found, list):
            raise ClerkUnavailable("the response is not a list of users", transient=False)
        users = (snapshot(each) for each in answer.found if isinstance(each, dict))
        return {user.external_id: user for user in users if user and user.external_id in set(external_ids)}

    def delete(self, clerk_id: str) -> bool:
        """Delete a user; False if there is none. Raises ClerkUnavailable."""
        answer = self._send("DELETE", f"/{clerk_id}")
        if answer.status == 404 and answer.refused.code == NOT_FOUND:
            return False
        if answer.status != 200:
            raise answer.unavailable
        return True

    def update(self, clerk_id: str, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        """Change fields of a user; returns the whole user. Raises ClerkUnavailable, and they may be changed."""
        return self._changed(self._send("PATCH", f"/{clerk_id}", fields))

    def set_banned(self, clerk_id: str, banned: bool) -> Snapshot | WriteRefused:
        """Ban a user, or end the ban; returns the whole user. Raises ClerkUnavailable, and it may be done."""
        return self._changed(self._send("POST", f"/{clerk_id}/{'ban' if banned else 'unban'}"))

    def verifies(self, clerk_id: str, password: str) -> bool | WriteRefused:
        """Whether Clerk accepts a password of a user. Raises ClerkUnavailable."""
        answer = self._send("POST", f"/{clerk_id}/verify_password", {"password": password})
        if answer.status == 200:
            return answer.object.get("verified") is True
        if answer.refused.code == INCORRECT:
            return False
        if answer.status in REFUSED:
            return answer.refused
        raise answer.unavailable

    def close(self) -> None:
        """Close the connection pool."""
        self._client.close()

    def _create(self, fields: Mapping[str, object]) -> _Answer | WriteRefused:
        answer = self._send("POST", "", fields)
        if answer.status in REFUSED:
            return answer.refused
        if answer.status != 200:
            raise answer.unavailable
        return answer

    def _changed(self, answer: _Answer) -> Snapshot | WriteRefused:
        if answer.status in REFUSED or (answer.status == 404 and answer.refused.code == NOT_FOUND):
            return answer.refused
        if answer.status != 200:
            raise answer.unavailable
        changed = snapshot(answer.object)
        if changed is None:
            raise ClerkUnavailable("the response is not a user")
        return changed

    def _send(self, method: str, path: str, body: object = None, params: Sequence[tuple[str, str]] = ()) -> _Answer:
        deadline = time.monotonic() + PAGE_SECONDS
        try:
            with self._client.stream(method, self._url + path, json=body, params=list(params)) as response:
                status, retry_after = response.status_code, demanded_pause(response)
                content = answers.read_bounded(response, deadline, MOST_PAGE_BYTES)
        except (httpx.HTTPError, Incomplete) as error:
            raise ClerkUnavailable(type(error).__name__) from None
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        return _Answer(status, found, retry_after)
