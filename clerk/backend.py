"""Asks Clerk's Backend API about one user: a snapshot, or that there is none, within a few seconds or not at all."""

import re
import time
from dataclasses import dataclass

import httpx

from clerk import answers, json
from clerk.answers import Incomplete
from clerk.user import Snapshot, snapshot

API_VERSION = "2026-05-12"
STEP_SECONDS = 2.0
TOTAL_SECONDS = 4.0
PAUSES_SECONDS = (0.1, 0.3, 0.9)
LEAST_SECONDS = 0.05

# What may stand in a path as it is.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class UserNotFound:
    """Clerk has no such user (any more)."""

    clerk_id: str


class ClerkUnavailable(Exception):
    """Clerk cannot answer now. The message says why, without anything that came from outside."""

    def __init__(self, why: str, *, passing: bool = True, retry_after: float = 0) -> None:
        super().__init__(why)
        self.passing = passing
        """Whether the same question may be answered a moment later; if not, a person has to change something."""
        self.retry_after = retry_after
        """Seconds that Clerk wants to be left alone; 0 if it did not say."""


class Backend:
    """Clerk's Backend API with the secret key of one instance. Safe to share between threads."""

    def __init__(self, secret_key: str, url: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._users = f"{url}/v1/users/"
        self._total_seconds = total_seconds
        self._client = answers.client(STEP_SECONDS)
        self._client.headers.update({"Authorization": f"Bearer {secret_key}", "Clerk-API-Version": API_VERSION})

    def user(self, clerk_id: str) -> Snapshot | UserNotFound:
        """What Clerk says of a user now. Raises Unavailable, after a few tries within a few seconds."""
        if not _ID.fullmatch(clerk_id):
            return UserNotFound(clerk_id)
        deadline = time.monotonic() + self._total_seconds
        for pause in PAUSES_SECONDS:
            try:
                return self._ask(clerk_id, deadline)
            except ClerkUnavailable as unavailable:
                wait = max(pause, unavailable.retry_after)
                if not unavailable.passing or time.monotonic() + wait >= deadline:
                    raise
                time.sleep(wait)
        return self._ask(clerk_id, deadline)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _ask(self, clerk_id: str, deadline: float) -> Snapshot | UserNotFound:
        step = min(STEP_SECONDS, max(deadline - time.monotonic(), LEAST_SECONDS))
        try:
            with self._client.stream("GET", self._users + clerk_id, timeout=step) as response:
                if response.status_code == 404:
                    return UserNotFound(clerk_id)
                if response.status_code != 200:
                    raise _refusal(response)
                return _read(answers.read_bounded(response, deadline), clerk_id)
        except (httpx.HTTPError, Incomplete) as error:
            raise ClerkUnavailable(type(error).__name__) from error


def _refusal(response: httpx.Response) -> ClerkUnavailable:
    status = response.status_code
    after = response.headers.get("Retry-After", "")
    seconds = float(after) if after.isdecimal() and len(after) < 6 else 0.0
    return ClerkUnavailable(f"status {status}", passing=status == 429 or status >= 500, retry_after=seconds)


def _read(body: bytes, clerk_id: str) -> Snapshot:
    """The snapshot in an answer: only the keys that we use, and no strict model of the others."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    user = snapshot(said) if isinstance(said, dict) else None
    if user is None or user.clerk_id != clerk_id:
        raise ClerkUnavailable("the answer is not that user", passing=False)
    return user
