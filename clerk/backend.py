"""Client of Clerk's Backend API: one user, pages of users, their number, their metadata, and the instance."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from akako_guard import answers
from akako_guard.answers import Incomplete
from akako_guard.identifier import identifier
from clerk import json
from clerk.http import ClerkUnavailable, Connection, Response
from clerk.user import Snapshot, snapshot

STEP_SECONDS = 2.0
TOTAL_SECONDS = 4.0
PAUSES_SECONDS = (0.1, 0.3, 0.9)
LEAST_SECONDS = 0.05
PAGE_SECONDS = 20.0
MOST_PAGE_BYTES = 16_777_216
MOST_USERS = 500
"""The largest page of users; with a larger `limit` Clerk was seen to return 10."""
MOST_IDS = 100
"""The most ids that one request may ask for."""
REFUSED = (400, 422)
"""Statuses with which Clerk refuses a change of one user; repeating it does not help."""
LOCKED = 409
"""The status while another change of the same user runs."""
LARGEST_COUNT = 2**53
OLDEST_FIRST = "+created_at"
LAST_UPDATED_FIRST = "-updated_at"

# Ids that need no escaping in a URL path.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(frozen=True, slots=True)
class UserNotFound:
    """Clerk has no user with this id: it never existed or was deleted."""

    clerk_id: str


@dataclass(frozen=True, slots=True)
class ClerkInstance:
    """The instance to which a secret key belongs."""

    id: str
    """`ins_...`"""
    environment: str | None
    """`production` or `development`; None if the response has none."""


@dataclass(frozen=True, slots=True)
class UserPage:
    """One page of users."""

    users: tuple[Snapshot, ...]
    unreadable: int
    """Entries without an id or a version."""
    cursor: str | None
    """The id of the last entry that has one, after which the next page starts; None if none has."""
    is_last: bool


@dataclass(frozen=True, slots=True)
class PatchRefused:
    """Clerk does not accept this change of a user, for example because metadata would become too large."""

    reason: str


class CursorLost(Exception):
    """The user named as the cursor does not exist any more."""


class PageTooLarge(Exception):
    """The page was larger, or took longer, than accepted. Ask for fewer users."""


class _Status(Exception):
    """A response with a status other than 200."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.status = response.status
        self.is_missing = response.is_missing
        self.retry_after = response.retry_after

    @property
    def unavailable(self) -> ClerkUnavailable:
        """The error that means this status."""
        transient = self.status in (LOCKED, 429) or self.status >= 500
        return ClerkUnavailable(f"status {self.status}", transient=transient, retry_after=self.retry_after)


class Backend:
    """Client of the Backend API for one Clerk instance. Thread-safe."""

    def __init__(self, secret_key: str, url: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._url = url
        self._total_seconds = total_seconds
        self._connection = Connection(secret_key, url)

    def user(self, clerk_id: str) -> Snapshot | UserNotFound:
        """Fetch the current state of a user. Raises ClerkUnavailable after a few attempts within `total_seconds`."""
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

    def users_after(self, cursor: str | None, limit: int) -> UserPage:
        """One page of users, oldest first, after the user `cursor`; one attempt.

        Raises ClerkUnavailable, CursorLost, or PageTooLarge.
        """
        asked = [("order_by", OLDEST_FIRST), ("limit", str(limit)), *([("starting_after", cursor)] if cursor else [])]
        try:
            return self._page(asked, limit)
        except _Status as status:
            if status.status == 422 and cursor:
                raise CursorLost from status
            raise status.unavailable from status

    def last_updated(self, offset: int, limit: int) -> UserPage:
        """One page of users, last updated first; one attempt. Raises ClerkUnavailable or PageTooLarge."""
        asked = [("order_by", LAST_UPDATED_FIRST), ("limit", str(limit)), ("offset", str(offset))]
        try:
            return self._page(asked, limit)
        except _Status as status:
            raise status.unavailable from status

    def count(self) -> int:
        """The number of users; one attempt. Raises ClerkUnavailable."""
        total = self._object("users/count").get("total_count")
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total <= LARGEST_COUNT:
            raise ClerkUnavailable("the response is not a number of users", transient=False)
        return total

    def users_by_id(self, clerk_ids: Sequence[str]) -> UserPage:
        """Those of up to 100 users that exist; one attempt. Raises ClerkUnavailable or PageTooLarge."""
        asked = [("limit", str(MOST_IDS)), *(("user_id", clerk_id) for clerk_id in clerk_ids)]
        try:
            return self._page(asked, MOST_IDS)
        except _Status as status:
            raise status.unavailable from status

    def fetch(self, clerk_id: str) -> Snapshot | UserNotFound:
        """The current state of a user; one attempt. Raises ClerkUnavailable."""
        return self._fetch(clerk_id, time.monotonic() + self._total_seconds)

    def patch_metadata(
        self, clerk_id: str, public_metadata: Mapping[str, object]
    ) -> Snapshot | UserNotFound | PatchRefused:
        """Merge these keys into a user's `public_metadata` (None removes a key); returns the whole user.

        One attempt. Raises ClerkUnavailable; the change may have been made nevertheless.
        """
        if not _ID.fullmatch(clerk_id):
            return UserNotFound(clerk_id)
        deadline, body = time.monotonic() + self._total_seconds, {"public_metadata": dict(public_metadata)}
        try:
            return self._user(clerk_id, f"users/{clerk_id}/metadata", deadline, method="PATCH", body=body)
        except _Status as status:
            if status.status in REFUSED:
                return PatchRefused(f"status {status.status}")
            raise status.unavailable from status

    def instance(self) -> ClerkInstance:
        """The instance of the secret key; one attempt. Raises ClerkUnavailable."""
        found = self._object("instance")
        instance_id, environment = identifier(found.get("id")), found.get("environment_type")
        if instance_id is None:
            raise ClerkUnavailable("the response is not an instance", transient=False)
        return ClerkInstance(instance_id, environment if isinstance(environment, str) else None)

    def webhook_page(self) -> str:
        """A link to the instance's page of webhooks, which works once; one attempt. Raises ClerkUnavailable.

        Without TLS only at the address of the API itself: that of an instance for development.
        """
        url = self._object("webhooks/svix_url", method="POST").get("svix_url")
        if not isinstance(url, str) or not url.startswith(("https://", f"{self._url}/")):
            raise ClerkUnavailable("the response has no link", transient=False)
        return url

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _fetch(self, clerk_id: str, deadline: float) -> Snapshot | UserNotFound:
        if not _ID.fullmatch(clerk_id):
            return UserNotFound(clerk_id)
        try:
            return self._user(clerk_id, f"users/{clerk_id}", deadline)
        except _Status as status:
            raise status.unavailable from status

    def _user(
        self,
        clerk_id: str,
        path: str,
        deadline: float,
        *,
        method: str = "GET",
        body: Mapping[str, object] | None = None,
    ) -> Snapshot | UserNotFound:
        """The user in a response. Raises _Status, except for 404, or ClerkUnavailable."""
        try:
            user = self._get(path, method=method, body=body, deadline=deadline).value
        except _Status as status:
            if status.is_missing:
                return UserNotFound(clerk_id)
            raise
        except Incomplete as error:
            raise ClerkUnavailable(type(error).__name__) from error
        found = snapshot(user) if isinstance(user, dict) else None
        if found is None or found.clerk_id != clerk_id:
            raise ClerkUnavailable("the response is not the requested user", transient=False)
        return found

    def _page(self, asked: Sequence[tuple[str, str]], limit: int) -> UserPage:
        deadline = time.monotonic() + PAGE_SECONDS
        try:
            body = self._get("users", asked, deadline=deadline, step=PAGE_SECONDS, most=MOST_PAGE_BYTES).body
        except Incomplete as error:
            raise PageTooLarge from error
        return _user_page(body, limit)

    def _object(self, path: str, method: str = "GET") -> dict[str, object]:
        """The object at `path`; empty if the response is another value."""
        try:
            found = self._get(path, method=method, deadline=time.monotonic() + self._total_seconds).value
        except _Status as status:
            raise status.unavailable from status
        except Incomplete as error:
            raise ClerkUnavailable(type(error).__name__) from error
        return found if isinstance(found, dict) else {}

    def _get(
        self,
        path: str,
        asked: Sequence[tuple[str, str]] = (),
        *,
        method: str = "GET",
        body: Mapping[str, object] | None = None,
        deadline: float,
        step: float = STEP_SECONDS,
        most: int = answers.MOST_BYTES,
    ) -> Response:
        """A response with status 200. Raises _Status, Incomplete, or ClerkUnavailable."""
        step = min(step, max(deadline - time.monotonic(), LEAST_SECONDS))
        response = self._connection.send(method, path, asked, body, step=step, deadline=deadline, most=most)
        if response.status != 200:
            raise _Status(response)
        return response


def _user_page(body: bytes, limit: int) -> UserPage:
    """The users of a response body. Raises ClerkUnavailable if it is not a list."""
    users, cursor, count = list[Snapshot](), None, 0
    try:
        for entry in json.entries(body):
            count += 1
            if isinstance(entry, dict):
                cursor = identifier(entry.get("id")) or cursor
                if user := snapshot(entry):
                    users.append(user)
    except ValueError as error:
        raise ClerkUnavailable("the response is not a list of users", transient=False) from error
    return UserPage(tuple(users), count - len(users), cursor, is_last=count < limit)
