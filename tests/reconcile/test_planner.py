"""What Clerk is asked next depends on the progress and the time alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.reconciling import Reconciling
from reconcile import planner

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NEW = Reconciling(instance_id="ins_1")
MINUTE = timedelta(minutes=1)


def counted(*gaps: int, waiting: int = 0, settled: int = 0) -> int:
    """How many counts in a row showed a gap, after these counts."""
    progress = replace(NEW, settled_gap=settled)
    for gap in gaps:
        progress = planner.counted(progress, gap, waiting, NOW)
    return progress.gap_times


@pytest.mark.parametrize(
    ("gaps", "times"),
    [((0,), 0), ((3,), 1), ((3, 2), 2), ((3, -2), 1), ((3, 0), 0), ((-1, -1, -1), 3), ((3, 0, 3), 1)],
)
def test_a_gap_counts_while_it_stays_in_one_direction(gaps: tuple[int, ...], times: int) -> None:
    assert counted(*gaps) == times


def test_users_whose_events_wait_are_no_gap() -> None:
    assert counted(-2, -2, waiting=2) == 0
    assert counted(-3, -3, waiting=2) == 2


def test_a_gap_that_a_complete_walk_left_is_settled() -> None:
    assert counted(5, 5, settled=5) == 0
    assert counted(6, 6, settled=5) == 2


def test_a_walk_starts_after_two_gaps_or_after_an_hour() -> None:
    gap = replace(NEW, gap_times=planner.GAPS)
    assert planner.starts_walk(NEW, None, NOW) is False
    assert planner.starts_walk(NEW, NOW - MINUTE, NOW) is None
    assert planner.starts_walk(gap, NOW - MINUTE, NOW) is None
    assert planner.starts_walk(gap, NOW - planner.URGENT_EVERY, NOW) is True
    assert planner.starts_walk(NEW, NOW - planner.WALK_EVERY, NOW) is False


def test_a_first_gap_is_counted_again_sooner() -> None:
    once = planner.counted(NEW, 3, 0, NOW)
    assert planner.counts(once, NOW + MINUTE)
    assert not planner.counts(planner.counted(NEW, 0, 0, NOW), NOW + MINUTE)


@pytest.mark.parametrize(("users", "pages"), [(0, 1), (500, 1), (20_000, 1), (1_000_000, 50)])
def test_a_walk_that_is_not_urgent_takes_forty_slices(users: int, pages: int) -> None:
    assert planner.pages(users, hurry=False) == pages
    assert planner.pages(users, hurry=True) is None


def test_a_walk_hurries_if_it_is_urgent_or_a_gap_appears_meanwhile() -> None:
    assert planner.hurries(NEW, urgent=True)
    assert planner.hurries(replace(NEW, gap_times=planner.GAPS), urgent=False)
    assert not planner.hurries(NEW, urgent=False)


@pytest.mark.parametrize(
    ("before", "after", "settled"), [(5, 5, 5), (5, 3, 3), (3, 5, 3), (5, 0, 0), (5, -2, 0), (-2, -2, -2)]
)
def test_an_urgent_walk_settles_what_remains_of_the_gap_that_started_it(before: int, after: int, settled: int) -> None:
    progress = replace(NEW, gap=before, gap_times=2)
    assert planner.walked(progress, after, urgent=True).settled_gap == settled
    assert planner.walked(progress, after, urgent=False) == progress


def test_updates_are_read_from_before_the_last_reading() -> None:
    read = replace(NEW, read_until=NOW)
    assert planner.updates_since(read, NOW + MINUTE) == NOW - planner.OVERLAP
    assert planner.updates_since(NEW, NOW) == NOW - planner.FIRST_LOOK - planner.OVERLAP


def test_an_answer_ends_the_pauses() -> None:
    failed = planner.failed(planner.failed(NEW, "status 500", 0, NOW), "status 500", 0, NOW)
    assert (failed.failures, failed.paused_until) == (2, NOW + timedelta(seconds=10))
    assert planner.answered(failed, NOW) == replace(NEW, answered_at=NOW)


def test_updates_left_unread_need_a_walk_until_an_urgent_one_was_complete() -> None:
    unread = planner.counted(planner.unread(NEW, NOW), 0, 0, NOW)
    assert planner.starts_walk(unread, NOW - planner.URGENT_EVERY, NOW) is True
    assert planner.walked(unread, 0, urgent=False) == unread
    assert planner.starts_walk(planner.walked(unread, 0, urgent=True), NOW - planner.URGENT_EVERY, NOW) is None
