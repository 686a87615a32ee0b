"""Client of Clerk's Backend API: fetches one user, with retries and a total timeout of a few seconds."""

import re
import time
from dataclasses import dataclass

import httpx

from akako_guard import answers
from akako_guard.answers import Incomplete
from clerk import json
from clerk.user import Snapshot, snapshot

API_VERSION = "2026-05-12"
STEP_SECONDS = 2.0
TOTAL_SECONDS = 4.0
PAUSES_SECONDS = (0.1, 0.3, 0.9)
LEAST_SECONDS = 0.05

# Ids that need no escaping in a URL path.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class UserNotFound:
    """Clerk has no user with this id: it never existed or was deleted."""

    clerk_id: str


class ClerkUnavailable(Exception):
    """Clerk did not return the user. The message gives the reason and contains no data from the response."""

    def __init__(self, reason: str, *, transient: bool = True, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.transient = transient
        """Whether a retry may succeed; if not, an operator has to change something."""
        self.retry_after = retry_after
        """Seconds from Clerk's `Retry-After` header; 0 if there is none."""


class Backend:
    """Client of the Backend API for one Clerk instance. Thread-safe."""

    def __init__(self, secret_key: str, url: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._users = f"{url}/v1/users/"
        self._total_seconds = total_seconds
        self._client = answers.client(STEP_SECONDS)
        self._client.headers.update({"Authorization": f"Bearer {secret_key}", "Clerk-API-Version": API_VERSION})

    def user(self, clerk_id: str) -> Snapshot | UserNotFound:
        """Fetch the current state of a user. Raises ClerkUnavailable after a few attempts within `total_seconds`."""
        if not _ID.fullmatch(clerk_id):
            return UserNotFound(clerk_id)
        deadline = time.monotonic() + self._total_seconds
        for pause in PAUSES_SECONDS:
            try:
                return self._fetch(clerk_id, deadline)
            except ClerkUnavailable as unavailable:
                wait = max(pause, unavailable.retry_after)
                if not unavailable.transient or time.monotonic() + wait >= deadline:
                    raise
                time.sleep(wait)
        return self._fetch(clerk_id, deadline)

    def close(self) -> None:
        """Close the connection pool."""
        self._client.close()

    def _fetch(self, clerk_id: str, deadline: float) -> Snapshot | UserNotFound:
        step = min(STEP_SECONDS, max(deadline - time.monotonic(), LEAST_SECONDS))
        try:
            with self._client.stream("GET", self._users + clerk_id, timeout=step) as response:
                if response.status_code == 404:
                    return UserNotFound(clerk_id)
                if response.status_code != 200:
                    raise _unexpected_status(response)
                return _parse(answers.read_bounded(response, deadline), clerk_id)
        except (httpx.HTTPError, Incomplete) as error:
            raise ClerkUnavailable(type(error).__name__) from error


def _unexpected_status(response: httpx.Response) -> ClerkUnavailable:
    status = response.status_code
    after = response.headers.get("Retry-After", "")
    seconds = float(after) if after.isdecimal() and len(after) < 6 else 0.0
    return ClerkUnavailable(f"status {status}", transient=status == 429 or status >= 500, retry_after=seconds)


def _parse(body: bytes, clerk_id: str) -> Snapshot:
    """The snapshot in a response body. Fields that we do not use are not validated."""
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    user = snapshot(data) if isinstance(data, dict) else None
    if user is None or user.clerk_id != clerk_id:
        raise ClerkUnavailable("the response is not the requested user", transient=False)
    return user
