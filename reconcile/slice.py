"""One slice of reconciling: up to 20 seconds of questions to Clerk, which continue where the last slice stopped."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import Backend, PageTooLarge
from clerk.http import ClerkUnavailable
from db import claims_switch, clerk_instance, clock, deletion_holds, drift, events, leases, reconciling, users, walks
from db.reconciling import Reconciling
from db.walks import Phase, Walk
from reconcile import holds, metrics, planner, repair
from reconcile.claims_push import Pusher
from reconcile.pace import Pace
from reconcile.reading import Reader, TooManyUpdates
from reconcile.recheck import Recheck
from reconcile.walking import Walker
from sync.deletion_limits import DEFAULT_LIMITS, Limit

log = structlog.get_logger()

SECONDS = 20.0
UPDATES_SHARE = 0.5
"""Share of a slice for reading updates, so that many of them, or slow answers, do not hold up everything else."""
RECHECKING_SHARE = 0.6
"""Share of a slice after which no further difference is checked again."""
LEASE_SECONDS = 90.0
CONFIRMING_SHARE = 0.7
"""Share of a slice after which no further held deletion is asked about."""
MOST_CONFIRMED = 1_000
"""Held deletions that one slice asks Clerk about, if there is time."""
ANOTHER_INSTANCE = "CLERK_SECRET_KEY belongs to another instance than the pinned one"


class SliceOver(Exception):
    """The time of the slice is over, or the process is being stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicer:
    """Reconciles one installation, a slice at a time. Only one process at a time does so: the holder of a lease."""

    engine: Engine
    backend: Backend
    pace: Pace
    default_role: Role
    holder: str
    limit: Limit = DEFAULT_LIMITS.inferred
    """How many users may be deleted within an hour because they are gone at Clerk; further ones are held."""
    seconds: float = SECONDS
    now: Callable[[], float] = time.monotonic
    stopping: Callable[[], bool] = lambda: False
    """Whether the process is being stopped; the slice then sends no further request."""

    def run(self) -> bool:
        """Work for one slice; returns whether an urgent walk should be continued at once."""
        return self._slice(_Work.compare)

    def push(self) -> bool:
        """Push the roles of users that are due to Clerk for one slice; returns whether more are due."""
        with self.engine.begin() as connection:
            if not claims_switch.is_due(connection):
                return False
        return self._slice(_Work.push)

    def _slice(self, work: Callable[["_Work"], None]) -> bool:
        with self._lease() as taken:
            return taken and self._run(work)

    @contextmanager
    def _lease(self) -> Iterator[bool]:
        """The lease for one slice; false if another process holds it, or an import is running."""
        with self.engine.begin() as connection:
            importing = leases.is_held(connection, leases.BACKFILL)
            taken = not importing and leases.take(connection, leases.RECONCILE, self.holder, LEASE_SECONDS)
        try:
            yield taken
        finally:
            if taken:
                with self.engine.begin() as connection:
                    leases.give_back(connection, leases.RECONCILE, self.holder)

    def _run(self, work: Callable[["_Work"], None]) -> bool:
        with self.engine.begin() as connection:
            pin = clerk_instance.read(connection)
            progress = reconciling.read(connection, pin.instance_id) if pin else None
            paused = progress is not None and progress.paused_until and progress.paused_until > clock.now(connection)
        if pin is None or progress is None:
            log.info("instance.not_pinned", next_step="run `akako instance pin`, or `akako backfill`")
            return False
        return False if paused else self._ask(progress, work)

    def _ask(self, progress: Reconciling, ask: Callable[["_Work"], None]) -> bool:
        deadline = self.now() + self.seconds

        def before() -> None:
            if self.now() > deadline or self.stopping():
                raise SliceOver

        reader = Reader(self.engine, self.backend, self.pace, before, tries=1)
        work = _Work(self, reader, progress, deadline)
        try:
            if reader.instance().id != progress.instance_id:
                raise ClerkUnavailable(ANOTHER_INSTANCE, transient=False)
            ask(work)
        except SliceOver:
            pass
        except (ClerkUnavailable, PageTooLarge) as error:
            return self._note_failure(work.progress, error)
        # A push says nothing about comparing: its success ends no series of failures.
        if ask is _Work.compare or not work.progress.failures:
            self._note_answer(work.progress)
        return work.continues

    def _note_failure(self, progress: Reconciling, error: ClerkUnavailable | PageTooLarge) -> bool:
        after = error.retry_after if isinstance(error, ClerkUnavailable) else 0.0
        reason = str(error) or str(type(error).__doc__)
        metrics.FAILED.inc()
        with self.engine.begin() as connection:
            failed = planner.failed(progress, reason, after, clock.now(connection))
            reconciling.save(connection, failed)
        log.warning(
            "clerk_api.unavailable", reason=reason, failures=failed.failures,
            next_step="none if it passes; otherwise see docs/how-to/runbook.md#clerk-does-not-answer",
        )  # fmt: skip
        return False

    def _note_answer(self, progress: Reconciling) -> None:
        with self.engine.begin() as connection:
            reconciling.save(connection, planner.answered(progress, clock.now(connection)))


class _Work:
    """The questions of one slice, in order, with the progress so far."""

    def __init__(self, slicer: Slicer, reader: Reader, progress: Reconciling, deadline: float) -> None:
        self._engine = slicer.engine
        self._holder = slicer.holder
        self._now = slicer.now
        self._deadline = deadline
        self._updates_until = deadline - (1 - UPDATES_SHARE) * slicer.seconds
        self._rechecking_until = deadline - (1 - RECHECKING_SHARE) * slicer.seconds
        self._confirming_until = deadline - (1 - CONFIRMING_SHARE) * slicer.seconds
        self._default_role = slicer.default_role
        self._reader = reader
        self._walker = Walker(reader=reader, default_role=slicer.default_role)
        self._recheck = Recheck(reader=reader, default_role=slicer.default_role, limit=slicer.limit)
        self._waiting = 0
        self.progress = progress
        self.continues = False
        """Whether an urgent walk, or pushes, should be continued at once."""

    def push(self) -> None:
        """Push the roles of users that are due."""
        self.continues = True
        pusher = Pusher(
            reader=self._reader,
            instance_id=self.progress.instance_id,
            default_role=self._default_role,
            holder=self._holder,
            is_over=lambda: self._now() > self._deadline,
        )
        self.continues = pusher.run()

    def compare(self) -> None:
        """Compare what is due to be compared with Clerk."""
        with self._engine.begin() as connection:
            now = clock.now(connection)
        due, last = planner.reads_updates(self.progress, now), planner.reads_updates_last(self.progress)
        if last:
            self.progress = replace(self.progress, gap_times=planner.UNREAD)
        if due and not last:
            self._read_updates()
        self._unless_single("differences.not_checked", self._check_again)
        self._unless_single("deletions.not_confirmed", self._confirm)
        if planner.counts(self.progress, now):
            self._count()
        self._walk()
        if due and last and not self.continues and self._now() < self._updates_until:
            self._read_updates()

    def _read_updates(self) -> None:
        with self._engine.begin() as connection:
            now = clock.now(connection)
        since, is_begun = planner.updates_since(self.progress, now), False
        try:
            for page in self._reader.last_updated_first(since):
                is_begun = True
                self._waiting += repair.compare(self._engine, page.users, self._default_role).waiting
                if not page.is_last and self._now() > self._updates_until:
                    raise TooManyUpdates("reading the updates takes longer than a slice may")
        except TooManyUpdates as too_many:
            self._leave_updates_unread(now, str(too_many))
        except SliceOver:
            # Otherwise the next slice would come as far, and nothing after the updates would ever be asked.
            if is_begun and self._now() > self._deadline:
                self._leave_updates_unread(now, "a page of updates takes longer than a slice may")
                self.progress = planner.took_all(self.progress)
            raise
        else:
            self.progress = replace(self.progress, read_at=now, read_until=now)

    def _leave_updates_unread(self, now: datetime, reason: str) -> None:
        log.info("updates.too_many", reason=reason, next_step="none: a walk compares all users")
        self.progress = planner.unread(self.progress, now)

    def _check_again(self) -> None:
        self._recheck.run(lambda: self._now() > self._rechecking_until)

    def _confirm(self) -> None:
        instance_id = self.progress.instance_id
        holds.confirm(self._reader, instance_id, MOST_CONFIRMED, lambda: self._now() > self._confirming_until)

    def _unless_single(self, event: str, ask: Callable[[], None]) -> None:
        """Ask about single users. Clerk may be unable to show some, which must not hold up the comparison of others."""
        try:
            ask()
        except holds.Unanswered as unanswered:
            log.warning(event, reason=str(unanswered), next_step="none: Clerk is asked about them again")

    def _count(self) -> None:
        with self._engine.begin() as connection:
            before = users.living(connection)
        count = self._reader.count()
        with self._engine.begin() as connection:
            held = deletion_holds.open_at_clerk(connection)
            after = users.living(connection)
            gap = _nearest(before - count - held.gone, after - count - held.gone, self.progress.settled_gap)
            waiting = self._waiting + events.pending(connection) + drift.open_counts(connection).get("absent", 0)
            waiting += held.unknown
            self.progress = planner.counted(self.progress, gap, waiting, clock.now(connection))
            reconciling.save(connection, self.progress)

    def _walk(self) -> None:
        walk = self._current_walk()
        if walk is None:
            return
        self.continues = planner.hurries(self.progress, urgent=walk.urgent)
        walk = self._walker.read(walk, planner.pages(walk.count_before, hurry=self.continues))
        if walk.phase is Phase.ENDED:
            self.continues = False
            self._note_end(walk)

    def _current_walk(self) -> Walk | None:
        instance_id = self.progress.instance_id
        with self._engine.begin() as connection:
            walk = walks.unfinished(connection, instance_id, walks.RECONCILE)
            last = walks.last(connection, walks.RECONCILE)
            now = clock.now(connection)
        if walk is not None:
            return walk
        urgent = planner.starts_walk(self.progress, last.started_at if last else None, now)
        return None if urgent is None else self._walker.start(instance_id, urgent=urgent)

    def _note_end(self, walk: Walk) -> None:
        log.info(
            "walk.ended", walk=walk.id, outcome=walk.outcome, reason=walk.reason, users=walk.seen, absent=walk.absent,
            created=walk.created, updated=walk.updated,
        )  # fmt: skip
        if walk.outcome == "complete" and walk.count_after is not None:
            with self._engine.begin() as connection:
                held = deletion_holds.open_at_clerk(connection)
                gap = users.living(connection) - held.gone - walk.count_after - walk.absent
                gap -= min(max(gap, 0), held.unknown)
                self.progress = planner.walked(self.progress, gap, urgent=walk.urgent)
                reconciling.save(connection, self.progress)
        elif walk.urgent and walk.skipped and self.progress.gap_times >= planner.UNREAD:
            # Users whose updates were left unread were compared. Another walk would skip the same entries.
            with self._engine.begin() as connection:
                self.progress = replace(self.progress, gap_times=0)
                reconciling.save(connection, self.progress)


def _nearest(one: int, other: int, settled: int) -> int:
    """Of two counted gaps, the one that is nearest to the settled one."""
    low, high = sorted((one, other))
    return min(max(settled, low), high)
