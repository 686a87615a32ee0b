"""Reads pages of users from Clerk: with smaller pages where they are too large, and around users deleted meanwhile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Engine

from clerk.backend import MOST_USERS, Backend, ClerkInstance, CursorLost, PageTooLarge, UserPage
from clerk.http import ClerkUnavailable
from clerk.user import EPOCH
from db import users
from reconcile import retry
from reconcile.pace import Pace

log = structlog.get_logger()

Answer = TypeVar("Answer")

LEAST_USERS = 10
MOST_UPDATES = 50_000
"""Users that are read last updated first; Clerk answers larger offsets slowly."""
MOST_LOST = 10
"""Earlier users that are tried as the cursor before the walk starts again."""
MOST_RESTARTS = 3
"""How often the walk starts again because every cursor was lost."""
MOST_READINGS = 5
"""How often as many entries as there are users may be read before the pages count as endless."""


class TooManyUpdates(Exception):
    """More users were updated meanwhile than can be read."""


class NotAdvancing(ClerkUnavailable):
    """The pages of users lead in a circle, or repeat what was read."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page of users, oldest first."""

    page: UserPage
    cursor: str | None
    """The user after which the next page starts."""
    newest: datetime
    """The latest creation time among all users read so far."""
    read_until: datetime | None
    """Users up to this creation time were read before, because a cursor was lost; None if no user was."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Sends the requests of one walk; `before` is called before each, and raises to end the walk."""

    engine: Engine
    backend: Backend
    pace: Pace
    before: Callable[[], None]
    tries: int = retry.TRIES

    def count(self) -> int:
        """The number of users. Raises ClerkUnavailable."""
        return self.ask(self.backend.count)

    def instance(self) -> ClerkInstance:
        """The instance of the secret key. Raises ClerkUnavailable."""
        return self.ask(self.backend.instance)

    def oldest_first(self, cursor: str | None, newest: datetime | None, count: int) -> Iterator[ReadPage]:
        """All users after the cursor. `newest` is the latest creation time read before, `count` the number of users.

        Raises ClerkUnavailable, NotAdvancing or PageTooLarge.
        """
        limit, lost, restarts, entries = MOST_USERS, 0, 0, 0
        latest, read_until = newest or EPOCH, self._read_until(cursor, newest)
        while True:
            try:
                page = self.ask(partial(self.backend.users_after, cursor, limit))
            except PageTooLarge:
                limit = _halved(limit)
                continue
            except CursorLost:
                lost += 1
                cursor, read_until = self._earlier_cursor(latest, lost), latest
                restarts += cursor is None
                if restarts > MOST_RESTARTS:
                    raise _not_advancing() from None
                continue
            if not page.is_last and page.cursor in (None, cursor):
                raise _not_advancing()
            lost = 0
            entries += len(page.users) + page.unreadable
            self._check_end(entries, count)
            cursor = page.cursor or cursor
            latest = max([latest, *(user.created_at for user in page.users if user.created_at)])
            yield ReadPage(page, cursor, latest, read_until)
            if page.is_last:
                return

    def last_updated_first(self, since: datetime) -> Iterator[UserPage]:
        """The users updated since then, each once.

        Raises ClerkUnavailable, PageTooLarge, or TooManyUpdates: also if Clerk answers, but not about pages that far
        from the first.
        """
        limit, offset, read = MOST_USERS, 0, set[str]()
        while offset < MOST_UPDATES:
            try:
                page = self._last_updated(offset, limit)
            except PageTooLarge:
                limit = _halved(limit)
                continue
            updated = tuple(user for user in page.users if user.version >= since and user.clerk_id not in read)
            read |= {user.clerk_id for user in updated}
            is_last = page.is_last or any(user.version < since for user in page.users)
            yield UserPage(updated, 0, page.cursor, is_last)
            if is_last:
                return
            # Deletions move the users after them forward: pages overlap, so that none is missed.
            offset += limit - limit // 10
        raise TooManyUpdates(f"more than {MOST_UPDATES:,} users were updated meanwhile")

    def _last_updated(self, offset: int, limit: int) -> UserPage:
        request = partial(self.backend.last_updated, offset, limit)
        try:
            return self.ask(request)
        except ClerkUnavailable as unavailable:
            if not offset or unavailable.retry_after:
                raise
            first = unavailable
        self.count()  # raises if Clerk does not answer at all
        try:
            return self.ask(request)
        except ClerkUnavailable as unavailable:
            if unavailable.retry_after:
                raise
            raise TooManyUpdates(f"Clerk does not answer about the updates from {offset:,} on ({first})") from first

    def _read_until(self, cursor: str | None, newest: datetime | None) -> datetime | None:
        """The latest creation time read, if the walk was interrupted while it read users again."""
        if cursor is None or newest is None:
            return None
        with self.engine.connect() as connection:
            created_at = users.created_at(connection, cursor)
        return newest if created_at and created_at < newest else None

    def _earlier_cursor(self, newest: datetime, lost: int) -> str | None:
        """An earlier user as the cursor, since the cursor's user was deleted; None starts again."""
        with self.engine.connect() as connection:
            earlier = users.created_before(connection, newest, MOST_LOST)
        log.info("walk.cursor_lost", next_step="none: some users are read again")
        return earlier[lost - 1] if lost <= len(earlier) else None

    def _check_end(self, entries: int, count: int) -> None:
        """Raise NotAdvancing if far more entries were read than Clerk counts users."""
        if is_endless(entries, count) and is_endless(entries, self.count()):
            raise _not_advancing()

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """The answer to a request. Raises what it raises."""
        return retry.ask(self.pace, request, before=self.before, tries=self.tries)


def is_endless(entries: int, count: int) -> bool:
    """Whether far more entries were read than there are users."""
    return entries > MOST_READINGS * count + 10 * MOST_USERS


def _not_advancing() -> NotAdvancing:
    return NotAdvancing("the pages of users do not advance", transient=False)


def _halved(limit: int) -> int:
    """A smaller page. Raises PageTooLarge if even the smallest is too large."""
    if limit <= LEAST_USERS:
        raise PageTooLarge(PageTooLarge.__doc__)
    return max(LEAST_USERS, limit // 2)
