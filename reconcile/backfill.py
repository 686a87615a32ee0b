"""Imports all users of a Clerk instance, page by page; can be interrupted and continued at any point.

The users are read oldest first, and then, last updated first, those that changed since the walk started: users that
were created meanwhile with an earlier creation time are found there. Every page goes through the one function that
applies snapshots, so that repeated pages, and webhooks in between, do no harm.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import UserPage
from clerk.user import EPOCH, Snapshot
from config import logs
from db import users, walks
from db.users import StoredUser
from db.walks import Phase, Walk
from reconcile import comparison, completeness
from reconcile.comparison import CHANGES, Effect
from reconcile.reading import Reader, TooManyUpdates
from sync import apply

log = structlog.get_logger()

IsNew: TypeAlias = Callable[[Snapshot, StoredUser | None], bool]
"""Whether a user that is stored so was not seen before."""

SET = 500
"""Users in one transaction: those of a page, since each commit waits for the disk."""
SET_SECONDS = 30.0
CLOCK_MARGIN = timedelta(minutes=5)
"""How far the clocks of Clerk and the database may differ."""
PASSES = 3
"""How often the updates are read, since users may be created meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The import of one installation. A dry run reads and compares, and writes nothing."""

    engine: Engine
    reader: Reader
    default_role: Role
    dry_run: bool = False
    saved: Callable[[Walk], None] = lambda _: None
    """Called after each page with the walk so far."""
    _counted: set[str] = field(default_factory=set)
    """Users of the second phase that were counted."""

    def run(self, walk: Walk) -> Walk:
        """Walk to the end. Raises ClerkUnavailable, PageTooLarge or a database error: continue the walk later."""
        if walk.phase is Phase.PAGES:
            walk = self._read_pages(walk)
        try:
            for _ in range(PASSES):
                # Counted first: every user of this number was created before the updates are read.
                count = self.reader.count()
                walk = self._read_updates(walk)
                if (reason := self._incomplete(walk, count)) is None:
                    break
        except TooManyUpdates as too_many:
            reason = str(too_many)
        outcome = "incomplete" if reason else "complete"
        return self._save(replace(walk, phase=Phase.ENDED, count_after=count, outcome=outcome, reason=reason))

    def _read_pages(self, walk: Walk) -> Walk:
        """Read all users, oldest first, from the cursor on."""
        for read in self.reader.oldest_first(walk.cursor, walk.newest, walk.count_before):
            walk = self._add(walk, read.page, self._is_unseen(read.read_until))
            phase = Phase.UPDATES if read.page.is_last else Phase.PAGES
            walk = self._save(replace(walk, cursor=read.cursor, newest=read.newest, phase=phase))
        return walk

    def _is_unseen(self, read_until: datetime | None) -> IsNew:
        """Whether a user of a page was not counted before pages were read again up to a creation time."""

        def is_unseen(user: Snapshot, known: StoredUser | None) -> bool:
            if read_until is None or _created(user) > read_until:
                return True
            return _created(user) == read_until and known is None and not self.dry_run

        return is_unseen

    def _read_updates(self, walk: Walk) -> Walk:
        """Read the users that were updated since the walk started, last updated first.

        Nothing is recorded before the end: a walk that is continued reads them again.
        """
        for page in self.reader.last_updated_first(walk.started_at - CLOCK_MARGIN):
            walk = self._add(walk, page, self._is_missed(walk))
            self.saved(walk)
        return walk

    def _is_missed(self, walk: Walk) -> IsNew:
        """Whether the pages did not have a user: it was created later, or is unknown."""

        def is_missed(user: Snapshot, known: StoredUser | None) -> bool:
            missed = _created(user) > (walk.newest or EPOCH) or (known is None and not self.dry_run)
            counted = user.clerk_id in self._counted
            self._counted.add(user.clerk_id)
            return missed and not counted

        return is_missed

    def _incomplete(self, walk: Walk, count_after: int) -> str | None:
        with self.engine.connect() as connection:
            return completeness.incomplete(connection, walk, count_after)

    def _add(self, walk: Walk, page: UserPage, is_new: IsNew) -> Walk:
        """Apply the users of a page that change something, and count those that were not seen before."""
        with self.engine.connect() as connection:
            known = users.stored(connection, [user.clerk_id for user in page.users])
        read = [(user, comparison.effect(user, known.get(user.clerk_id))) for user in page.users]
        changing = [user for user, effect in read if effect in CHANGES]
        failed = set() if self.dry_run else self._apply(walk, changing)
        new = [(user, effect) for user, effect in read if is_new(user, known.get(user.clerk_id))]
        counts = Counter(effect for user, effect in new if user.clerk_id not in failed)
        return replace(
            walk,
            seen=walk.seen + len(new) + page.unreadable,
            created=walk.created + counts[Effect.CREATED],
            updated=walk.updated + counts[Effect.UPDATED],
            unchanged=walk.unchanged + counts[Effect.UNCHANGED],
            deleted=walk.deleted + counts[Effect.DELETED],
            skipped=walk.skipped + len(new) + page.unreadable - counts.total(),
        )

    def _apply(self, walk: Walk, snapshots: Sequence[Snapshot]) -> set[str]:
        """Apply snapshots; returns the ids of users that could not be applied."""
        failed = set[str]()
        for start in range(0, len(snapshots), SET):
            part = [(snapshot, cause(walk)) for snapshot in snapshots[start : start + SET]]
            errors = apply.apply_snapshots(self.engine, part, self.default_role, SET_SECONDS)
            for clerk_id, error in errors.items():
                step = "see docs/how-to/import-users.md, then run `akako backfill` again"
                log.warning("user.not_applied", clerk_id=clerk_id, next_step=step, **logs.fault(error))
            failed |= errors.keys()
        return failed

    def _save(self, walk: Walk) -> Walk:
        if not self.dry_run:
            self.reader.before()
            with self.engine.begin() as connection:
                walks.save(connection, walk)
        self.saved(walk)
        return walk


def cause(walk: Walk) -> str:
    """The `cause` of the audit lines that a walk writes."""
    return f"walk_{walk.id}"


def _created(user: Snapshot) -> datetime:
    return user.created_at or EPOCH
