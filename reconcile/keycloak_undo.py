"""Takes back an import from Keycloak: deletes the users that it created at Clerk and here; can be continued anywhere.

Spared are users who signed in at Clerk, users that a person changed with us, and those that the run did not create.
`undoing` is committed before Clerk is asked to delete a user, who is looked up again before the request is repeated.
A user that Clerk was asked to create just before is looked up until such a request can have no effect any more.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial

from sqlalchemy import Connection, Engine

from clerk.backend import MOST_IDS, Backend, UserNotFound
from clerk.user import Snapshot
from clerk.user_writer import UserWriter
from db import keycloak_plans, keycloak_undo, permission
from db.audit import Author
from db.keycloak_imports import State
from db.keycloak_plans import Run
from db.keycloak_undo import CreatedUser
from reconcile import keycloak_authority, retry
from reconcile.pace import Pace
from sync import hold_decisions

SET = 500
"""Users that are read in one statement."""
LOOK_UPS = 3
"""How often a user is looked up that Clerk may have created: its replicas lag."""
LOOK_UP_SECONDS = 1.0
SETTLE_SECONDS = 120.0
"""How long after an undoing began a request to create a user, which began before, may have an effect at Clerk.

The request itself ends after `clerk.backend.PAGE_SECONDS`."""


class Outcome(StrEnum):
    """What becomes of a user."""

    UNDONE = "undone"
    """Deleted at Clerk and here, or never created."""
    SIGNED_IN = "signed_in"
    """Spared: the user signed in at Clerk."""
    CHANGED_HERE = "changed_here"
    """Spared: a person changed the user's roles or access with us."""
    FOREIGN = "another_user_at_clerk"
    """Spared: the user at Clerk does not have the marker and the external id of this run."""
    REFUSED = "refused"
    """Clerk refused the user because of another one, and has none of this run."""
    UNCERTAIN = "may_be_created"
    """Not found at Clerk yet, and a request to create the user may still have an effect."""


@dataclass(slots=True)
class Undone:
    """The result, or what it would be."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    spared: list[tuple[str, Outcome]] = field(default_factory=list)
    """Users that stay, by their id in Keycloak."""

    def note(self, keycloak_id: str, outcome: Outcome) -> None:
        """Add the outcome of one user."""
        self.counts[outcome] += 1
        if outcome in (Outcome.SIGNED_IN, Outcome.CHANGED_HERE, Outcome.FOREIGN):
            self.spared.append((keycloak_id, outcome))


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The undoing of one run."""

    engine: Engine
    run: Run
    marker: str
    backend: Backend
    writer: UserWriter
    pace: Pace
    author: Author
    before: Callable[[], None] = lambda: None
    """Called before each request to Clerk."""
    workers: int = 1
    """Users that are worked on at the same time, each with a connection to the database."""
    settle_seconds: float = SETTLE_SECONDS

    def preview(self, advance: Callable[[int], None] = lambda _: None) -> Undone:
        """What `run_all` would do now. Changes nothing. Raises ClerkUnavailable or a database error."""
        result = Undone()
        for users in self._sets(MOST_IDS):
            at_clerk = self._look_up(users)
            for user in users:
                result.note(user.keycloak_id, self._judge(user, at_clerk.get(user.keycloak_id)))
            advance(len(users))
        return result

    def run_all(
        self, advance: Callable[[int], None] = lambda _: None, waits: Callable[[int], None] = lambda _: None
    ) -> Undone:
        """Take back every user who is not spared. Raises ClerkUnavailable or a database error: call it again.

        `waits` gets the number of users that Clerk may still create, before these are waited for.
        """
        result = self._sweep(advance)
        while uncertain := result.counts[Outcome.UNCERTAIN]:
            waits(uncertain)
            time.sleep(self._seconds_until_settled())
            undone = result.counts[Outcome.UNDONE]
            result = self._sweep(lambda _: None)
            result.counts[Outcome.UNDONE] += undone
        return result

    def _seconds_until_settled(self) -> float:
        """How long a request to create a user, which began before the undoing, may still have an effect."""
        with self.engine.connect() as connection:
            return max(0, self.settle_seconds - keycloak_undo.seconds_since_begin(connection, self.run))

    def _sweep(self, advance: Callable[[int], None]) -> Undone:
        """Take back the users that are left."""
        result, settled = Undone(), not self._seconds_until_settled()
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                for users in self._sets(SET):
                    begun = [(user.keycloak_id, pool.submit(self._undo, user, settled)) for user in users]
                    for keycloak_id, outcome in begun:
                        result.note(keycloak_id, outcome.result())
                        advance(1)
            except BaseException:
                # Those that have begun are finished.
                pool.shutdown(cancel_futures=True)
                raise
        return result

    def _sets(self, most: int) -> Iterator[list[CreatedUser]]:
        last: str | None = None
        while True:
            with self.engine.connect() as connection:
                users = keycloak_undo.users(connection, self.run, most, last)
            if not users:
                return
            yield users
            last = users[-1].keycloak_id

    def _look_up(self, users: Sequence[CreatedUser]) -> dict[str, Snapshot]:
        """The users that Clerk has, by their id in Keycloak."""
        by_id = {user.clerk_id: user.keycloak_id for user in users if user.clerk_id}
        unknown = [user.keycloak_id for user in users if user.clerk_id is None]
        found: dict[str, Snapshot] = {}
        if by_id:
            page = retry.ask(self.pace, lambda: self.backend.users_by_id(list(by_id)), before=self.before)
            found = {by_id[user.clerk_id]: user for user in page.users if user.clerk_id in by_id}
        if unknown:
            found |= retry.ask(self.pace, lambda: self.writer.find_all(unknown), before=self.before)
        return found

    def _judge(self, user: CreatedUser, found: Snapshot | None) -> Outcome:
        if found and (found.import_marker, found.external_id) != (self.marker, user.keycloak_id):
            return Outcome.FOREIGN
        if found and not found.never_signed_in:
            return Outcome.SIGNED_IN
        if found is None and user.state is State.REFUSED:
            return Outcome.REFUSED
        # A user that Clerk does not have any more is deleted, also if a person changed it before.
        return Outcome.CHANGED_HERE if found and user.changed_here else Outcome.UNDONE

    def _undo(self, user: CreatedUser, settled: bool) -> Outcome:
        def attempt() -> tuple[Outcome, str | None]:
            nonlocal user
            found = self._find(user)
            clerk_id = found.clerk_id if found else user.clerk_id
            outcome = self._judge(user, found)
            if outcome is not Outcome.UNDONE or clerk_id is None:
                return outcome, clerk_id
            if not self._begin(user, clerk_id, exists=found is not None):
                return Outcome.CHANGED_HERE, clerk_id
            # If the response is lost, the next attempt finds nothing, and concludes from this what happened.
            user = replace(user, state=State.UNDOING, clerk_id=clerk_id)
            # Also if it was not found: a replica of Clerk may lag, and only this answer is certain.
            self.pace.wait()
            self.before()
            self.writer.delete(clerk_id)
            return outcome, clerk_id

        outcome, clerk_id = retry.ask(self.pace, attempt, before=self.before)
        if user.state is State.CREATING and (clerk_id is None or outcome is Outcome.FOREIGN):
            return outcome if settled and self._was_never_created(user) else Outcome.UNCERTAIN
        if outcome is Outcome.UNDONE and clerk_id:
            cause = f"keycloak_{self.run.id}"
            hold_decisions.delete(self.engine.begin, clerk_id, cause, self.author, partial(self._done, user))
        elif clerk_id and not (outcome is Outcome.FOREIGN and user.state is State.REFUSED):
            with self.engine.begin() as connection:
                keycloak_undo.spare(connection, self.run, user.keycloak_id, clerk_id)
        return outcome

    def _was_never_created(self, user: CreatedUser) -> bool:
        with self.engine.begin() as connection:
            return keycloak_undo.never_created(connection, self.run, user.keycloak_id)

    def _find(self, user: CreatedUser) -> Snapshot | None:
        if user.clerk_id:
            found = self.backend.fetch(user.clerk_id)
            return None if isinstance(found, UserNotFound) else found
        for number in range(LOOK_UPS):
            if number:
                self.pace.pause(LOOK_UP_SECONDS)
                self.pace.wait()
                self.before()
            if at_clerk := self.writer.find(user.keycloak_id):
                return at_clerk
        return None

    def _begin(self, user: CreatedUser, clerk_id: str, *, exists: bool) -> bool:
        """Whether the user may be deleted, which is committed then. Raises RealmCutOver."""
        with self.engine.begin() as connection:
            keycloak_plans.lock(connection, shared=True)
            keycloak_authority.require(connection, self.run.realm)
            permission.lock_and_check(connection, None, [clerk_id])
            return keycloak_undo.begin(connection, self.run, user.keycloak_id, clerk_id, spares=exists)

    def _done(self, user: CreatedUser, connection: Connection) -> None:
        keycloak_undo.done(connection, self.run, user.keycloak_id)
