"""Asks Clerk about held deletions: before a person releases them, and to end the access of users that are gone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Engine

from clerk.backend import Backend, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import Snapshot
from db import audit, clerk_instance, deletion_holds, permission, users
from db.audit import Author
from reconcile import pinning, retry
from reconcile.pace import Pace
from reconcile.reading import Reader
from sync import hold_decisions
from sync.apply import RECONCILE
from sync.hold_decisions import NOT_HELD, Decided, SkippedHold

AGAIN_SECONDS = 600.0
"""How long an answer that Clerk has the user counts, before Clerk is asked again by itself."""
TRIES = 3
MOST_UNANSWERED = 3
"""Users in a row about which Clerk does not answer, before no further one is asked about."""
EXISTS = "Clerk has this user, so the deletion stays held. Reject it, or delete the user in Clerk again."
UNANSWERED = "Clerk did not answer about this user: {}. The deletion stays held; release it again later."


class ReleaseInterrupted(ClerkUnavailable):
    """Clerk did not answer any more, after some deletions were decided about."""

    def __init__(self, failure: ClerkUnavailable, decided: Decided) -> None:
        super().__init__(str(failure), transient=failure.transient, retry_after=failure.retry_after)
        self.decided = decided


@dataclass(slots=True)
class Unanswered(Exception):
    """Clerk answered about other users, but not about some."""

    last: ClerkUnavailable | None = None
    in_a_row: int = 0

    def add(self, unavailable: ClerkUnavailable) -> None:
        """Note that Clerk did not answer about a user.

        Raises it if Clerk demands a pause, and this exception after several users in a row without an answer.
        """
        self.last, self.in_a_row = unavailable, self.in_a_row + 1
        if unavailable.retry_after:
            raise unavailable
        if self.in_a_row >= MOST_UNANSWERED:
            raise self

    def raise_any(self) -> None:
        """Raise this exception if there was no answer about a user."""
        if self.last:
            raise self

    def __str__(self) -> str:
        """Why Clerk did not answer about the last one."""
        return str(self.last)


def confirm(reader: Reader, instance_id: str, most: int, is_over: Callable[[], bool] = lambda: False) -> int:
    """Ask this instance about up to `most` held deletions that it has not confirmed; returns how many it confirmed.

    One at least is asked about; further ones until `is_over`.

    The access of a user that Clerk does not have ends at once; the tombstone waits for a person. Raises what the reader
    raises to end a slice, ClerkUnavailable, and Unanswered after the others were asked about. What was recorded before
    stays so.
    """
    engine, confirmed, unanswered = reader.engine, 0, Unanswered()
    with engine.begin() as connection:
        asked = deletion_holds.to_confirm(connection, most, AGAIN_SECONDS)

    def fetch(clerk_id: str) -> Snapshot | UserNotFound:
        return reader.ask(partial(reader.backend.fetch, clerk_id))

    for each in asked:
        try:
            confirmed += _is_gone(engine, fetch, each) and _end_access(engine, instance_id, each)
            unanswered.in_a_row = 0
        except ClerkUnavailable as unavailable:
            with engine.begin() as connection:
                deletion_holds.note_tried(connection, each)
            unanswered.add(unavailable)
        if is_over():
            break
    unanswered.raise_any()
    return confirmed


def release(
    engine: Engine,
    backend: Backend,
    pace: Pace,
    clerk_ids: Sequence[str],
    author: Author,
    *,
    dry_run: bool = False,
    tries: int = TRIES,
) -> Decided:
    """Release the held deletions of users that Clerk does not have any more; the others stay held.

    A dry run asks Clerk, and releases nothing. A user is left if Clerk does not answer about this one, but about
    others. Raises ReleaseInterrupted after the deletions that Clerk confirmed before are released, NotPermitted, and
    NotPinned or AnotherInstance unless the secret key is of the pinned instance: any other one would have none of the
    users.
    """
    pinning.check(engine, retry.ask(pace, backend.instance, tries=tries))
    with engine.begin() as connection:
        held = {hold.clerk_id for hold in deletion_holds.open_of(connection, clerk_ids)}
    decided = Decided(left=[SkippedHold(clerk_id, NOT_HELD) for clerk_id in clerk_ids if clerk_id not in held])

    def fetch(clerk_id: str) -> Snapshot | UserNotFound:
        return retry.ask(pace, partial(backend.fetch, clerk_id), tries=tries)

    confirmed: list[str] = []
    unanswered: list[SkippedHold] = []
    failure: ClerkUnavailable | None = None
    for each in [clerk_id for clerk_id in clerk_ids if clerk_id in held]:
        try:
            if _is_gone(engine, fetch, each):
                confirmed.append(each)
            else:
                decided.left.append(SkippedHold(each, EXISTS))
        except ClerkUnavailable as unavailable:
            failure = unavailable
            if not unavailable.transient or unavailable.retry_after:
                break
            unanswered.append(SkippedHold(each, UNANSWERED.format(unavailable)))
    else:
        # Clerk may be unable to show one user, who must not hold up the decision about all others.
        failure = failure if len(unanswered) == len(held) else None
    decided.left += unanswered
    decided.add(Decided(done=confirmed) if dry_run else hold_decisions.release(engine.begin, confirmed, author))
    if failure:
        raise ReleaseInterrupted(failure, decided) from failure
    return decided


def _is_gone(engine: Engine, fetch: Callable[[str], Snapshot | UserNotFound], clerk_id: str) -> bool:
    """Whether Clerk has the user no more. Records that Clerk has the user."""
    gone = isinstance(fetch(clerk_id), UserNotFound)
    if not gone:
        with engine.begin() as connection:
            deletion_holds.note_exists(connection, clerk_id)
    return gone


def _end_access(engine: Engine, instance_id: str, clerk_id: str) -> bool:
    with engine.begin() as connection:
        deletion_holds.lock(connection)
        pinned = clerk_instance.read(connection)
        # Another instance may be pinned since this one was asked.
        return pinned is not None and pinned.instance_id == instance_id and end_access(connection, clerk_id)


def end_access(connection: Connection, clerk_id: str) -> bool:
    """Record that Clerk confirmed a held deletion, unless a person has decided about it meanwhile.

    The lock of deletions must be held.
    """
    cause = deletion_holds.note_confirmed(connection, clerk_id)
    if cause is None:
        return False
    permission.lock_and_check(connection, None, [clerk_id])
    audit.set_author(connection, RECONCILE, {clerk_id: cause})
    users.end_access(connection, clerk_id)
    return True
