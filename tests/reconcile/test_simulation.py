"""Each kind of lost webhook is found within the hour at a million users, by the planner that decides in production.

Time and Clerk are simulated: users are numbers, and a walk reads a page of 500 of them in the order of their creation.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from db.reconciling import Reconciling
from reconcile import differences, planner, recheck

START = datetime(2026, 11, 27, 12, tzinfo=UTC)
USERS = 1_000_000
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
REQUEST = SECOND / 20
"""The pace with a live key."""
PAGE_WORK = SECOND / 20
"""Comparing a page, on a slow machine."""
SLICE = 20 * SECOND


@dataclass
class Simulation:
    """One installation, whose users are all stored but for what was lost."""

    now: datetime = START
    progress: Reconciling = field(default_factory=lambda: Reconciling(instance_id="ins_1"))
    lost_update: int | None = None
    """A user, counted in the order of creation, whose update was lost."""
    updated_at: datetime | None = None
    lost_creation: datetime | None = None
    lost_deletion: int | None = None
    cursor: int | None = None
    urgent: bool = False
    walk_started: datetime | None = None
    passed: bool = False
    """Whether the walk has passed the deleted user without seeing it."""
    gone_answers: list[datetime] = field(default_factory=list)
    absent_at: datetime | None = None
    found: dict[str, datetime] = field(default_factory=dict)

    @property
    def gap(self) -> int:
        """Stored users minus users at Clerk."""
        missing = self.lost_creation is not None and "creation" not in self.found
        left = self.lost_deletion is not None and "deletion" not in self.found
        return left - missing

    def run(self, until: timedelta) -> None:
        """Run slices, one a minute and at once while an urgent walk is unfinished."""
        end = self.now + until
        while self.now < end:
            begun = self.now
            continues = self.slice()
            if not continues:
                self.now = max(self.now, begun + MINUTE)

    def slice(self) -> bool:
        """Run one slice; returns whether an urgent walk is unfinished."""
        deadline = self.now + SLICE
        if planner.reads_updates(self.progress, self.now):
            self._read_updates()
        self._recheck()
        if planner.counts(self.progress, self.now):
            waiting = 1 if self.absent_at and "deletion" not in self.found else 0
            self.progress = planner.counted(self.progress, self.gap, waiting, self.now)
        return self._walk(deadline)

    def _read_updates(self) -> None:
        since = planner.updates_since(self.progress, self.now)
        ripe = self.now - differences.IN_FLIGHT
        for kind, changed_at in (("creation", self.lost_creation), ("update", self.updated_at)):
            if changed_at and since <= changed_at <= ripe:
                self.found.setdefault(kind, self.now)
        self.progress = replace(self.progress, read_at=self.now, read_until=self.now)

    def _recheck(self) -> None:
        if self.absent_at is None or "deletion" in self.found:
            return
        if not self.gone_answers:
            self.gone_answers.append(self.now)
        elif self.now - self.gone_answers[0] >= recheck.TWICE:
            self.found["deletion"] = self.now

    def _walk(self, deadline: datetime) -> bool:
        if self.cursor is None:
            urgent = planner.starts_walk(self.progress, self.walk_started, self.now)
            if urgent is None:
                return False
            self.cursor, self.urgent, self.walk_started, self.passed = 0, urgent, self.now, False
        hurries = planner.hurries(self.progress, urgent=self.urgent)
        most = planner.pages(USERS, hurry=hurries)
        read = 0
        while self.now < deadline and (most is None or read < most):
            if self._page(self.cursor):
                return False
            read += 1
        return hurries

    def _page(self, cursor: int) -> bool:
        """Read a page; returns whether it was the last."""
        self.now += max(REQUEST, PAGE_WORK)
        page = range(cursor, cursor + planner.PAGE)
        if self.lost_update in page:
            self.found.setdefault("update", self.now)
        if self.lost_deletion in page:
            self.passed = True
        self.cursor = page.stop
        if page.stop < USERS:
            return False
        self.absent_at = self.now if self.passed else self.absent_at
        self.cursor = None
        gap = 0 if self.absent_at else self.gap
        self.progress = planner.walked(self.progress, gap, urgent=self.urgent)
        return True


def settled() -> Simulation:
    """An installation that has walked over all users before."""
    simulation = Simulation()
    simulation.run(timedelta(hours=2))
    assert not simulation.found
    return simulation


@pytest.mark.parametrize("minutes", [0, 37])
def test_a_lost_creation_or_update_is_found_within_minutes(minutes: int) -> None:
    simulation = settled()
    simulation.run(timedelta(minutes=minutes))
    at = simulation.now
    simulation.lost_creation = simulation.updated_at = at
    simulation.run(timedelta(minutes=10))
    assert max(simulation.found.values()) - at <= timedelta(minutes=4)


@pytest.mark.parametrize(("minutes", "place"), [(0, USERS - 1), (23, USERS // 2), (59, 0)])
def test_a_lost_deletion_is_concluded_within_the_hour(minutes: int, place: int) -> None:
    simulation = settled()
    simulation.run(timedelta(minutes=minutes))
    at = simulation.now
    simulation.lost_deletion = place
    simulation.run(timedelta(hours=2))
    assert simulation.found["deletion"] - at <= timedelta(minutes=60)


def test_a_lost_creation_hides_a_lost_deletion_only_until_it_is_found_itself() -> None:
    simulation = settled()
    at = simulation.now
    simulation.lost_creation, simulation.lost_deletion = at, 777_777
    assert simulation.gap == 0
    simulation.run(timedelta(hours=2))
    assert simulation.found["creation"] - at <= timedelta(minutes=4)
    assert simulation.found["deletion"] - at <= timedelta(minutes=60)


@pytest.mark.parametrize("place", [0, USERS // 2, USERS - 1])
def test_an_update_too_old_for_the_latest_updates_is_found_by_the_next_walk_within_100_minutes(place: int) -> None:
    simulation = settled()
    at = simulation.now
    simulation.lost_update, simulation.updated_at = place, at - timedelta(days=1)
    simulation.run(timedelta(hours=3))
    assert simulation.found["update"] - at <= timedelta(minutes=100)


def test_an_urgent_walk_over_a_million_users_takes_two_minutes() -> None:
    counted_twice = Reconciling(instance_id="ins_1", gap=1, gap_times=planner.GAPS, counted_at=START)
    simulation = Simulation(progress=counted_twice, walk_started=START - planner.URGENT_EVERY)
    while simulation.slice():
        pass
    assert simulation.walk_started == START
    assert simulation.now - START <= timedelta(minutes=2)
