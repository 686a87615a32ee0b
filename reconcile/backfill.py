"""Imports all users of a Clerk instance, page by page; can be interrupted and continued at any point.

The users are read oldest first, and then, last updated first, those that changed since the walk started: users that
were created meanwhile with an earlier creation time are found there. Every page goes through the one function that
applies snapshots, so that repeated pages, and webhooks in between, do no harm.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias, TypeVar

import structlog
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import MOST_USERS, Backend, ClerkUnavailable, CursorLost, PageTooLarge, UserPage
from clerk.user import EPOCH, Snapshot
from config import logs
from db import users, walks
from db.users import KnownVersion
from db.walks import Phase, Walk
from reconcile import comparison, retry
from reconcile.comparison import Effect
from reconcile.pace import Pace
from sync import apply

log = structlog.get_logger()

Answer = TypeVar("Answer")
IsNew: TypeAlias = Callable[[Snapshot, KnownVersion | None], bool]
"""Whether a user that is stored so was not seen before."""

SET = 200
"""Users in one transaction."""
SET_SECONDS = 30.0
LEAST_USERS = 10
CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Clerk and the database may differ."""
MOST_UPDATES = 50_000
"""Users updated during a walk that are read again; Clerk answers large offsets slowly."""
MOST_LOST = 10
"""Earlier users that are tried as the cursor before the walk starts again."""
MOST_RESTARTS = 3
"""How often one run starts again because every cursor was lost."""
MOST_READINGS = 5
"""How often as many entries as there are users may be read before the pages count as endless."""
PASSES = 3
"""How often the updates are read, since users may be created meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The import of one installation. A dry run reads and compares, and writes nothing."""

    engine: Engine
    backend: Backend
    pace: Pace
    default_role: Role
    dry_run: bool = False
    before_request: Callable[[], None] = lambda: None
    """Called before each request and each write to the walk; raises if another process took the import over."""
    saved: Callable[[Walk], None] = lambda _: None
    """Called after each page with the walk so far."""
    _counted: set[str] = field(default_factory=set)
    """Users of the second phase that were counted."""

    def run(self, walk: Walk) -> Walk:
        """Walk to the end. Raises ClerkUnavailable, PageTooLarge or a database error: continue the walk later."""
        walk = self._read_pages(walk)
        for _ in range(PASSES):
            # Counted first: every user of this number was created before the updates are read.
            count = self._ask(self.backend.count)
            walk = self._read_updates(walk)
            if (reason := self._incomplete(walk, count)) is None or walk.reason:
                break
        outcome = "incomplete" if reason else "complete"
        return self._save(replace(walk, phase=Phase.ENDED, count_after=count, outcome=outcome, reason=reason))

    def _read_pages(self, walk: Walk) -> Walk:
        """Read all users, oldest first, from the cursor on."""
        limit, lost, restarts, read = MOST_USERS, 0, 0, 0
        cursor, seen_until = walk.cursor, self._seen_until(walk)
        while walk.phase is Phase.PAGES:
            try:
                page = self._ask(partial(self.backend.users_after, cursor, limit))
            except PageTooLarge:
                limit = _halved(limit)
                continue
            except CursorLost:
                lost += 1
                cursor, seen_until = self._earlier_cursor(walk, lost), walk.newest
                restarts += cursor is None
                if restarts > MOST_RESTARTS:
                    raise _not_advancing() from None
                continue
            if not page.is_last and page.cursor in (None, cursor):
                raise _not_advancing()
            lost = 0
            read += len(page.users) + page.unreadable
            self._check_pages_end(walk, read)
            cursor = page.cursor or cursor
            newest = max([user.created_at for user in page.users if user.created_at], default=EPOCH)
            walk = self._save(
                replace(
                    self._add(walk, page, self._is_unseen(seen_until)),
                    cursor=cursor,
                    newest=max(newest, walk.newest or EPOCH),
                    phase=Phase.UPDATES if page.is_last else Phase.PAGES,
                )
            )
        return walk

    def _seen_until(self, walk: Walk) -> datetime | None:
        """The latest creation time that was counted, if the walk was interrupted while it read users again."""
        if walk.cursor is None or walk.newest is None:
            return None
        with self.engine.connect() as connection:
            created_at = users.created_at(connection, walk.cursor)
        return walk.newest if created_at and created_at < walk.newest else None

    def _is_unseen(self, seen_until: datetime | None) -> IsNew:
        """Whether a user of a page was not counted before pages were read again up to a creation time."""

        def is_unseen(user: Snapshot, known: KnownVersion | None) -> bool:
            if seen_until is None or _created(user) > seen_until:
                return True
            return _created(user) == seen_until and known is None and not self.dry_run

        return is_unseen

    def _check_pages_end(self, walk: Walk, read: int) -> None:
        """Raise ClerkUnavailable if far more entries were read than Clerk counts users."""
        slack = 10 * MOST_USERS
        if read > MOST_READINGS * walk.count_before + slack:
            count = self._ask(self.backend.count)
            if read > MOST_READINGS * count + slack:
                raise _not_advancing()

    def _earlier_cursor(self, walk: Walk, lost: int) -> str | None:
        """An earlier user as the cursor, since the cursor's user was deleted; None starts again."""
        with self.engine.connect() as connection:
            earlier = users.created_before(connection, walk.newest or EPOCH, MOST_LOST)
        cursor = earlier[lost - 1] if lost <= len(earlier) else None
        log.info("walk.cursor_lost", walk=walk.id, next_step="none: some users are read again")
        return cursor

    def _read_updates(self, walk: Walk) -> Walk:
        """Read the users that were updated since the walk started, last updated first.

        Nothing is recorded before the end: a walk that is continued reads them again.
        """
        limit, offset, read = MOST_USERS, 0, set[str]()
        oldest = walk.started_at - CLOCK_MARGIN
        while offset < MOST_UPDATES:
            try:
                page = self._ask(partial(self.backend.last_updated, offset, limit))
            except PageTooLarge:
                limit = _halved(limit)
                continue
            updated = tuple(user for user in page.users if user.version >= oldest and user.clerk_id not in read)
            read |= {user.clerk_id for user in updated}
            walk = self._add(walk, replace(page, users=updated, unreadable=0), self._is_missed(walk))
            self.saved(walk)
            if page.is_last or any(user.version < oldest for user in page.users):
                return walk
            # Deletions move the users after them forward: pages overlap, so that none is missed.
            offset += limit - limit // 10
        return replace(walk, reason=f"more than {MOST_UPDATES:,} users were updated meanwhile")

    def _is_missed(self, walk: Walk) -> IsNew:
        """Whether the pages did not have a user: it was created later, or is unknown."""

        def is_missed(user: Snapshot, known: KnownVersion | None) -> bool:
            missed = _created(user) > (walk.newest or EPOCH) or (known is None and not self.dry_run)
            counted = user.clerk_id in self._counted
            self._counted.add(user.clerk_id)
            return missed and not counted

        return is_missed

    def _incomplete(self, walk: Walk, count_after: int) -> str | None:
        """Why the walk is incomplete; None if it saw every user that Clerk counts."""
        with self.engine.connect() as connection:
            deleted = users.deleted_since(connection, walk.started_at)
        expected = max(count_after, walk.count_before - deleted)
        if walk.reason:
            return walk.reason
        if walk.seen < expected:
            return f"Clerk counts {expected:,} users, and {walk.seen:,} were seen"
        return f"{walk.skipped:,} users could not be applied" if walk.skipped else None

    def _add(self, walk: Walk, page: UserPage, is_new: IsNew) -> Walk:
        """Apply the users of a page, and count those that were not seen before."""
        with self.engine.connect() as connection:
            known = users.versions(connection, [user.clerk_id for user in page.users])
        failed = set() if self.dry_run else self._apply(walk, page.users)
        new = [user for user in page.users if is_new(user, known.get(user.clerk_id))]
        effects = comparison.effects([user for user in new if user.clerk_id not in failed], known)
        return replace(
            walk,
            seen=walk.seen + len(new) + page.unreadable,
            created=walk.created + effects[Effect.CREATED],
            updated=walk.updated + effects[Effect.UPDATED],
            unchanged=walk.unchanged + effects[Effect.UNCHANGED],
            deleted=walk.deleted + effects[Effect.DELETED],
            skipped=walk.skipped + len(new) + page.unreadable - effects.total(),
        )

    def _apply(self, walk: Walk, snapshots: Sequence[Snapshot]) -> set[str]:
        """Apply snapshots; returns the ids of users that could not be applied."""
        failed = set[str]()
        for start in range(0, len(snapshots), SET):
            part = snapshots[start : start + SET]
            errors = apply.apply_snapshots(self.engine, part, cause(walk), self.default_role, SET_SECONDS)
            for clerk_id, error in errors.items():
                step = "see docs/how-to/import-users.md, then run `akako backfill` again"
                log.warning("user.not_applied", clerk_id=clerk_id, next_step=step, **logs.fault(error))
            failed |= errors.keys()
        return failed

    def _save(self, walk: Walk) -> Walk:
        if not self.dry_run:
            self.before_request()
            with self.engine.begin() as connection:
                walks.save(connection, walk)
        self.saved(walk)
        return walk

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        return retry.ask(self.pace, request, before=self.before_request)


def cause(walk: Walk) -> str:
    """The `cause` of the audit lines that a walk writes."""
    return f"walk_{walk.id}"


def _not_advancing() -> ClerkUnavailable:
    return ClerkUnavailable("the pages of users do not advance", transient=False)


def _created(user: Snapshot) -> datetime:
    return user.created_at or EPOCH


def _halved(limit: int) -> int:
    """A smaller page. Raises PageTooLarge if even the smallest is too large."""
    if limit <= LEAST_USERS:
        raise PageTooLarge(PageTooLarge.__doc__)
    return max(LEAST_USERS, limit // 2)
