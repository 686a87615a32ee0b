"""Creates, finds, changes and deletes users by Clerk's Backend API, and verifies their passwords. One attempt each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from akako_guard.answers import Incomplete
from akako_guard.identifier import identifier
from clerk.backend import MOST_IDS, MOST_PAGE_BYTES, PAGE_SECONDS
from clerk.http import ClerkUnavailable, Connection, Response
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


class UserWriter:
    """Changes users of one Clerk instance. Errors contain nothing of requests, which may have digests."""

    def __init__(self, secret_key: str, url: str, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._connection = Connection(secret_key, url)

    def create(self, fields: Mapping[str, object]) -> str | WriteRefused:
        """Create a user; returns the id. Raises ClerkUnavailable, and the user may have been created nevertheless."""
        answer = self._create(fields)
        if isinstance(answer, WriteRefused):
            return answer
        clerk_id = identifier(_object(answer).get("id"))
        if clerk_id is None:
            raise _unavailable(answer)
        return clerk_id

    def create_user(self, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        """The same; returns the whole user."""
        answer = self._create(fields)
        if isinstance(answer, WriteRefused):
            return answer
        return _user(answer)

    def fetch(self, clerk_id: str) -> Snapshot | None:
        """The user with an id; None if there is none, or Clerk's replicas lag. Raises ClerkUnavailable."""
        answer = self._send("GET", f"/{clerk_id}")
        if answer.is_missing:
            return None
        if answer.status != 200:
            raise _unavailable(answer)
        return _user(answer)

    def find(self, external_id: str) -> Snapshot | None:
        """The user with an external id, if Clerk knows one already. Raises ClerkUnavailable."""
        return self.find_all([external_id]).get(external_id)

    def find_all(self, external_ids: Sequence[str]) -> dict[str, Snapshot]:
        """The users with up to 100 external ids, by that id. Raises ClerkUnavailable."""
        # Without a sign before it, an id that begins with one would mean something else.
        asked = [("limit", str(MOST_IDS)), *(("external_id", f"+{each}") for each in external_ids)]
        answer = self._send("GET", "", asked=asked)
        if answer.status != 200:
            raise _unavailable(answer)
        found = answer.value
        if not isinstance(found, list):
            raise ClerkUnavailable("the response is not a list of users", transient=False)
        users = (snapshot(each) for each in found if isinstance(each, dict))
        return {user.external_id: user for user in users if user and user.external_id in set(external_ids)}

    def delete(self, clerk_id: str) -> bool:
        """Delete a user; False if there is none. Raises ClerkUnavailable."""
        answer = self._send("DELETE", f"/{clerk_id}")
        if answer.is_missing:
            return False
        if answer.status != 200:
            raise _unavailable(answer)
        return True

    def update(self, clerk_id: str, fields: Mapping[str, object]) -> Snapshot | WriteRefused:
        """Change fields of a user; returns the whole user. Raises ClerkUnavailable, and they may be changed."""
        return self._changed(self._send("PATCH", f"/{clerk_id}", fields))

    def set_banned(self, clerk_id: str, banned: bool) -> Snapshot | WriteRefused:
        """Ban a user, or end the ban; returns the whole user. Raises ClerkUnavailable, and it may be done."""
        return self._changed(self._send("POST", f"/{clerk_id}/{'ban' if banned else 'unban'}"))

    def remove_app(self, clerk_id: str) -> WriteRefused | None:
        """Remove the authenticator app of a user, if there is one. Raises ClerkUnavailable, and it may be removed."""
        answer = self._send("DELETE", f"/{clerk_id}/totp")
        if answer.status in REFUSED:
            return _refused(answer)
        if answer.status != 200 and not answer.is_missing:
            raise _unavailable(answer)
        return None

    def verifies(self, clerk_id: str, password: str) -> bool | WriteRefused:
        """Whether Clerk accepts a password of a user. Raises ClerkUnavailable."""
        answer = self._send("POST", f"/{clerk_id}/verify_password", {"password": password})
        if answer.status == 200:
            return _object(answer).get("verified") is True
        if _refused(answer).code == INCORRECT:
            return False
        if answer.status in REFUSED:
            return _refused(answer)
        raise _unavailable(answer)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _create(self, fields: Mapping[str, object]) -> Response | WriteRefused:
        answer = self._send("POST", "", fields)
        if answer.status in REFUSED:
            return _refused(answer)
        if answer.status != 200:
            raise _unavailable(answer)
        return answer

    def _changed(self, answer: Response) -> Snapshot | WriteRefused:
        if answer.status in REFUSED or answer.is_missing:
            return _refused(answer)
        if answer.status != 200:
            raise _unavailable(answer)
        return _user(answer)

    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None = None, asked: Sequence[tuple[str, str]] = ()
    ) -> Response:
        try:
            return self._connection.send(
                method,
                f"users{path}",
                asked,
                body,
                step=self._seconds,
                deadline=time.monotonic() + PAGE_SECONDS,
                most=MOST_PAGE_BYTES,
            )
        except Incomplete as error:
            raise ClerkUnavailable(type(error).__name__) from None


def _object(response: Response) -> dict[str, Any]:
    """The object in a response; empty if it is another value."""
    value = response.value
    return value if isinstance(value, dict) else {}


def _user(response: Response) -> Snapshot:
    """The user in a response. Raises ClerkUnavailable."""
    found = snapshot(_object(response))
    if found is None:
        raise ClerkUnavailable("the response is not a user")
    return found


def _refused(response: Response) -> WriteRefused:
    return WriteRefused(next(iter(response.codes), f"status {response.status}"))


def _unavailable(response: Response) -> ClerkUnavailable:
    transient = response.status == 429 or response.status >= 500
    return ClerkUnavailable(f"status {response.status}", transient=transient, retry_after=response.retry_after)
