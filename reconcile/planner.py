"""Decides what to ask Clerk next, from the progress so far and the time. Pure."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

from db.reconciling import Reconciling

UPDATES_EVERY = timedelta(seconds=50)
"""How often the latest updates are read: with each slice, of which there is one a minute."""
COUNT_EVERY = timedelta(minutes=5)
COUNT_AGAIN = timedelta(seconds=50)
"""How soon users are counted again after a gap, which may be a webhook on its way."""
GAPS = 2
"""How many counts in a row must show a gap before a walk starts."""
UNREAD = 1_000_000
"""As many gaps mean that updates were left unread: a walk is needed, whatever the users' number says."""
UNREAD_LAST = UNREAD + 1
"""The same, and updates are read after everything else in the next slice."""
WALK_EVERY = timedelta(hours=1)
"""From the start of one walk to the start of the next."""
URGENT_EVERY = timedelta(minutes=10)
"""The least time between two walks because of a gap."""
WALK_SLICES = 40
"""In how many slices a walk that is not urgent reads all users: two thirds of an hour."""
PAGE = 500
OVERLAP = timedelta(minutes=10)
"""How much of the updates is read again: for webhooks on their way, replicas that lag, and clocks that differ."""
FIRST_LOOK = timedelta(hours=1)
"""How far back the first reading of updates goes; a walk finds what is older."""
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300


def reads_updates(progress: Reconciling, now: datetime) -> bool:
    """Whether the latest updates are due to be read."""
    return progress.read_at is None or now - progress.read_at >= UPDATES_EVERY


def took_all(progress: Reconciling) -> Reconciling:
    """The progress after reading updates took a slice until its end: in the next one, everything else comes first."""
    return replace(progress, gap_times=UNREAD_LAST)


def reads_updates_last(progress: Reconciling) -> bool:
    """Whether everything else comes first in this slice."""
    return progress.gap_times == UNREAD_LAST


def updates_since(progress: Reconciling, now: datetime) -> datetime:
    """The time at Clerk from which on updates are read."""
    return (progress.read_until or now - FIRST_LOOK) - OVERLAP


def unread(progress: Reconciling, now: datetime) -> Reconciling:
    """The progress after more updates than can be read: an urgent walk compares all users instead."""
    return replace(progress, gap_times=UNREAD, read_at=now, read_until=now)


def counts(progress: Reconciling, now: datetime) -> bool:
    """Whether the users are due to be counted."""
    every = COUNT_AGAIN if 0 < progress.gap_times < GAPS else COUNT_EVERY
    return progress.counted_at is None or now - progress.counted_at >= every


def counted(progress: Reconciling, gap: int, waiting: int, now: datetime) -> Reconciling:
    """The progress after a count that showed this gap; it continues a gap only in the same direction.

    `waiting` users at most are known to differ already: their events are pending, or they are being checked.
    """
    before = (progress.gap or 0) - progress.settled_gap
    unsettled = gap - progress.settled_gap
    continues = unsettled * before > 0 and progress.gap_times > 0
    times = 0 if abs(unsettled) <= waiting else progress.gap_times + 1 if continues else 1
    if progress.gap_times >= UNREAD:
        times = UNREAD
    return replace(progress, gap=gap, gap_times=times, counted_at=now)


def starts_walk(progress: Reconciling, last_started: datetime | None, now: datetime) -> bool | None:
    """Whether to start an urgent walk (true), an ordinary one (false), or none (None). Ask if none is unfinished."""
    if progress.gap_times >= GAPS and (last_started is None or now - last_started >= URGENT_EVERY):
        return True
    return False if last_started is None or now - last_started >= WALK_EVERY else None


def hurries(progress: Reconciling, *, urgent: bool) -> bool:
    """Whether a walk reads as fast as it may: because it is urgent, or because a gap appeared meanwhile."""
    return urgent or progress.gap_times >= GAPS


def walked(progress: Reconciling, gap: int, *, urgent: bool) -> Reconciling:
    """The progress after a complete walk that left this gap.

    A walk that started because of a gap settles what remains of it. Another one may have passed a user who was deleted
    later, so it settles nothing.
    """
    if not urgent:
        return progress
    remains = min(gap, progress.gap or 0, key=abs) if gap * (progress.gap or 0) > 0 else 0
    return replace(progress, gap=gap, settled_gap=remains, gap_times=0)


def pages(users: int, *, hurry: bool) -> int | None:
    """How many pages of a walk over this number of users one slice reads; None for as many as it can."""
    return None if hurry else max(1, math.ceil(users / PAGE / WALK_SLICES))


def failed(progress: Reconciling, reason: str, retry_after: float, now: datetime) -> Reconciling:
    """The progress after a request that failed: the next one waits, longer after each failure in a row."""
    growing = min(FIRST_PAUSE_SECONDS * 2**progress.failures, LONGEST_PAUSE_SECONDS)
    pause = timedelta(seconds=max(growing, retry_after))
    return replace(progress, failures=progress.failures + 1, failed_because=reason, paused_until=now + pause)


def answered(progress: Reconciling, now: datetime) -> Reconciling:
    """The progress after an answer."""
    return replace(progress, failures=0, failed_because=None, paused_until=None, answered_at=now)
