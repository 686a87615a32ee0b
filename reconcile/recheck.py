"""Checks open differences again: asks Clerk for these users, and concludes that a user is gone after two answers.

That a user is gone is concluded only if a complete walk did not show the user, a look-up does not, and Clerk answers
twice, ten minutes apart, that it has no such user.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from akako_guard.role import Role
from clerk.backend import MOST_IDS, PageTooLarge, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import Deletion, Snapshot
from db import clock, drift, events, users
from db.drift import Drift
from db.users import StoredUser
from reconcile import holds, repair
from reconcile.differences import Class
from reconcile.reading import Reader
from sync import apply
from sync.apply import AppliedAbsences
from sync.deletion_limits import Limit

MOST = 200
"""Differences checked in one slice."""
TWICE = timedelta(minutes=10)
"""The time between two answers that a user is gone."""
LATER_SECONDS = 3_600.0


class _EndedMeanwhile(Exception):
    """The difference ended after Clerk was asked: it was repaired, or another instance is pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Checks the differences of one installation."""

    reader: Reader
    default_role: Role
    limit: Limit
    """How many users may be deleted within an hour because they are gone; further ones are held."""

    def run(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Check the differences that are due, until `is_over`.

        Raises ClerkUnavailable, and Unanswered after the others were checked.
        """
        unanswered = holds.Unanswered()
        with self.reader.engine.connect() as connection:
            due = drift.due(connection, MOST)
        for start in range(0, len(due), MOST_IDS):
            if start and is_over():
                break
            self._check(due[start : start + MOST_IDS], is_over, unanswered)
        unanswered.raise_any()

    def _check(self, due: Sequence[Drift], is_over: Callable[[], bool], unanswered: holds.Unanswered) -> None:
        users_by_id = partial(self.reader.backend.users_by_id, [each.clerk_id for each in due])
        try:
            shown = {user.clerk_id: user for user in self.reader.ask(users_by_id).users}
        except (ClerkUnavailable, PageTooLarge) as error:
            with self.reader.engine.begin() as connection:
                drift.postpone(connection, [each.id for each in due], TWICE.total_seconds())
            unanswered.add(error if isinstance(error, ClerkUnavailable) else ClerkUnavailable(str(error.__doc__)))
            return
        self._compare(list(shown.values()))
        with self.reader.engine.begin() as connection:
            suspects = _suspects(connection, [each for each in due if each.clerk_id not in shown])
        for number, each in enumerate(suspects):
            if number and is_over():
                break
            match self._fetch(each, unanswered):
                case None:
                    continue
                case UserNotFound():
                    self._note_gone(each)
                case snapshot:
                    self._compare([snapshot])

    def _fetch(self, suspect: Drift, unanswered: holds.Unanswered) -> Snapshot | UserNotFound | None:
        """Clerk's answer. A user that Clerk cannot show waits, so that the next slice asks about the others."""
        try:
            found = self.reader.ask(partial(self.reader.backend.fetch, suspect.clerk_id))
        except ClerkUnavailable as unavailable:
            with self.reader.engine.begin() as connection:
                drift.postpone(connection, [suspect.id], TWICE.total_seconds())
            unanswered.add(unavailable)
            return None
        unanswered.in_a_row = 0
        return found

    def _compare(self, snapshots: Sequence[Snapshot]) -> None:
        """Compare users that Clerk has; differences that exist no longer end."""
        same = repair.compare(self.reader.engine, snapshots, self.default_role).same if snapshots else []
        with self.reader.engine.begin() as connection:
            drift.end_of_users(connection, same, "resolved")

    def _note_gone(self, gone: Drift) -> None:
        """Note the first answer that a user is gone; after the second, delete the user, or hold that and end access."""
        with self.reader.engine.begin() as connection:
            now = clock.now(connection)
            if gone.gone_at is None or now - gone.gone_at < TWICE:
                drift.note_gone(connection, [gone.id], TWICE.total_seconds())
                return

        def end(connection: Connection, done: AppliedAbsences) -> None:
            if not drift.end(connection, [gone.id], "held" if done.held else "deleted"):
                raise _EndedMeanwhile
            for clerk_id in done.held:
                holds.end_access(connection, clerk_id)

        deletion = Deletion(clerk_id=gone.clerk_id, at=now)
        with suppress(_EndedMeanwhile):
            apply.apply_absences(self.reader.engine, [deletion], repair.cause(gone.id), self.limit, end)


def _suspects(connection: Connection, missing: Sequence[Drift]) -> list[Drift]:
    """Those of the users without an answer that may be gone; the others end or are checked later."""
    ids = [each.clerk_id for each in missing]
    stored, waiting = users.stored(connection, ids), events.users_with_pending(connection, ids)
    ended = [each for each in missing if not _is_living(stored.get(each.clerk_id))]
    suspects = [
        each for each in missing if each not in ended and each.kind == Class.ABSENT and each.clerk_id not in waiting
    ]
    drift.end(connection, [each.id for each in ended], "resolved")
    later = [each.id for each in missing if each not in ended and each not in suspects]
    drift.postpone(connection, later, LATER_SECONDS)
    return suspects


def _is_living(user: StoredUser | None) -> bool:
    return user is not None and isinstance(user.state, Snapshot)
