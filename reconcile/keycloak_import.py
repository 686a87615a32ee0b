"""Creates the planned users of a Keycloak export at Clerk, and gives them the planned roles; can be continued anywhere.

`creating` is committed before Clerk is asked to create a user. From then on the user may exist, so it is looked up by
its external id before anything is repeated, and adopted only if its marker names the run that created it. What a newer
plan changes about users that were imported before is in `reconcile/keycloak_update.py`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import structlog
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.user import IMPORT_MARKER, Snapshot
from clerk.user_writer import EXISTS, QUOTA, UserWriter, WriteRefused
from config import logs
from db import keycloak_changes, keycloak_imports
from db.keycloak_changes import Change
from db.keycloak_imports import ImportedUser, State
from db.keycloak_plans import Run
from keycloak import clerk_user, person
from keycloak.mapping import RoleMap
from keycloak.person import Person
from keycloak.user import User
from reconcile import keycloak_authority, retry
from reconcile.keycloak_update import Updater, Updates
from reconcile.pace import Pace
from sync import apply

log = structlog.get_logger()

SET = 500
"""Users whose states are read in one statement."""
APPLY_SECONDS = 30.0
LOOK_UPS = 3
"""How often a user who may exist is looked up after Clerk says so: Clerk's replicas lag."""
LOOK_UP_SECONDS = 1.0
KNOWN_BEFORE = "known_before"
"""The user had roles here before the import could give them, or was deleted."""
FOREIGN = "external_id_exists"
"""Another user has the external id, and was not created by this import."""
GONE = "deleted_at_clerk"
"""The user was created, and is not found at Clerk any more."""
NOT_APPLIED = "not_applied"
"""The user is at Clerk, and could not be written here; the log has the reason."""


class QuotaExceeded(Exception):
    """The instance takes no more users."""


@dataclass(slots=True)
class Imported:
    """What one call did."""

    states: Counter[State] = field(default_factory=Counter)
    """Users that were worked on, by their state afterwards."""
    differing: list[str] = field(default_factory=list)
    """Planned users whose credentials are not those of the plan; nothing was sent."""
    updates: Updates = field(default_factory=Updates)
    """What was changed about users that were imported before."""
    unseen: int = 0
    """Planned users that the export does not have, if all of it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """The import of one run."""

    engine: Engine
    run: Run
    roles: RoleMap
    writer: UserWriter
    pace: Pace
    default_role: Role
    before: Callable[[], None] = lambda: None
    """Called before each request to Clerk."""
    retry_refused: bool = False
    workers: int = 1
    """Users that are worked on at the same time, each with a connection to the database."""

    def import_users(
        self,
        users: Iterable[User],
        planned: int,
        limit: int | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Imported:
        """Import the planned ones among these users, `planned` in number; at most `limit`.

        Raises ClerkUnavailable, QuotaExceeded or a database error: call it again to continue. Raises ImportEnded.
        """
        result, seen, rest = Imported(), 0, iter(users)
        with ThreadPoolExecutor(self.workers) as pool:
            try:
                while part := list(islice(rest, SET)):
                    found = self._planned(part)
                    seen += len(found)
                    changes = self._changes(found)
                    due = [
                        (user, known, changes.get(known.keycloak_id))
                        for user, known in found.values()
                        if self._is_due(known) or known.keycloak_id in changes
                    ]
                    left = len(due) if limit is None else limit - result.states.total() - result.updates.users
                    self._import_set(pool, due, left, result, advance)
                    if left < len(due):
                        return result
            except BaseException:
                # Those that have begun are finished.
                pool.shutdown(cancel_futures=True)
                raise
        result.unseen = planned - seen
        return result

    def _import_set(
        self,
        pool: ThreadPoolExecutor,
        users: Sequence[tuple[User, ImportedUser, Change | None]],
        most: int,
        result: Imported,
        advance: Callable[[int], None],
    ) -> None:
        begun = list[Future[State]]()
        updates = list[Future[Updates]]()
        updater = Updater(self.engine, self.run, self.writer, self.pace, self.default_role, self.before)
        for read, known, change in users:
            if len(begun) + len(updates) == most:
                break
            someone = person.of(read)
            if _differs(someone, known):
                result.differing.append(known.keycloak_id)
            elif change:
                updates.append(pool.submit(updater.update, someone, change))
            else:
                begun.append(pool.submit(self._import, someone, known))
        for each in begun:
            result.states[each.result()] += 1
            advance(1)
        for updated in updates:
            result.updates.add(updated.result())
            advance(1)

    def _planned(self, users: Iterable[User]) -> dict[str, tuple[User, ImportedUser]]:
        """The planned ones, by id; of several users with one id the first, as in the plan."""
        first: dict[str, User] = {}
        for user in users:
            first.setdefault(user.key, user)
        with self.engine.connect() as connection:
            known = keycloak_imports.users(connection, self.run, first.keys())
        return {key: (user, known[key]) for key, user in first.items() if key in known}

    def _changes(self, keycloak_ids: Collection[str]) -> dict[str, Change]:
        """What the plan changes about users that were imported before."""
        with self.engine.connect() as connection:
            return keycloak_changes.find(connection, self.run, keycloak_ids)

    def _is_due(self, known: ImportedUser) -> bool:
        if known.state is State.REFUSED:
            return self.retry_refused or known.run_id != self.run.id
        if known.state is State.UNDONE:
            return known.run_id != self.run.id
        if known.is_undone and known.state in (State.CREATING, State.CREATED):
            return False  # the undoing of that run is not finished, or has spared the user
        return known.state not in (State.APPLIED, State.UNDOING)

    def _import(self, someone: Person, known: ImportedUser) -> State:
        key, current = known.keycloak_id, known
        begun = known.state in (State.CREATING, State.CREATED)
        if not begun:
            # A user whose response was lost can be refused because it exists: found, it keeps its marker.
            begun = self._was_created(known)
            if begun and known.is_undone:
                return State.REFUSED  # the undoing of that run deletes the user
            with self.engine.begin() as connection:
                taken = keycloak_imports.creating(connection, self.run, key, known.run_id if begun else None)
                current = keycloak_imports.users(connection, self.run, [key])[key]
                if not taken:
                    keycloak_authority.require_open(connection, self.run)
                    return current.state  # another import works on this user
        made = self._made(someone, current, begun=begun)
        if made is None:
            return self._unfinished(key, GONE)
        if isinstance(made, WriteRefused):
            if made.code == QUOTA:
                raise QuotaExceeded
            return self._refuse(current, made.code)
        if made.import_marker != current.marker:
            return self._refuse(current, FOREIGN)
        with self.engine.begin() as connection:
            keycloak_imports.created(connection, self.run, current, made.clerk_id)
        return self._apply(key, made)

    def _was_created(self, known: ImportedUser) -> bool:
        if known.state is not State.REFUSED or known.reason != EXISTS:
            return False
        found = retry.ask(self.pace, lambda: self.writer.find(known.keycloak_id), before=self.before)
        return found is not None and found.import_marker == known.marker

    def _refuse(self, user: ImportedUser, reason: str) -> State:
        with self.engine.begin() as connection:
            keycloak_imports.refused(connection, self.run, user, reason)
        return State.REFUSED

    def _apply(self, key: str, made: Snapshot) -> State:
        """Add the user here with the planned roles, unless a webhook did."""
        errors = apply.apply_snapshots(
            self.engine, [(made, f"keycloak_{self.run.id}")], self.default_role, APPLY_SECONDS
        )
        for error in errors.values():
            step = "run `akako keycloak import` again"
            log.warning("user.not_applied", clerk_id=made.clerk_id, next_step=step, **logs.fault(error))
        return self._unfinished(key, NOT_APPLIED if errors else KNOWN_BEFORE)

    def _unfinished(self, key: str, reason: str) -> State:
        with self.engine.begin() as connection:
            return keycloak_imports.unfinished(connection, self.run, key, reason)

    def _made(self, someone: Person, known: ImportedUser, *, begun: bool) -> Snapshot | WriteRefused | None:
        """The user at Clerk: found if it may exist (`begun`), else created. None if it existed, and is not found."""
        body = clerk_user.fields(someone, self.roles, {IMPORT_MARKER: known.marker}, self.run.exported_at)
        attempts = _Attempts(begun)

        def attempt() -> Snapshot | WriteRefused | None:
            if known.state is State.CREATED:
                return self._existing(someone.user.key, LOOK_UPS)
            if attempts.may_exist:
                if found := self.writer.find(someone.user.key):
                    return found
                self.pace.wait()
                self.before()
            looks_up, attempts.may_exist = attempts.may_exist, True
            if not self._may_create(someone.user.key):
                return self._existing(someone.user.key, LOOK_UPS)
            made = self.writer.create_user(body)
            if isinstance(made, WriteRefused) and made.code == EXISTS:
                return self._existing(someone.user.key, LOOK_UPS if looks_up else 1) or made
            return made

        return retry.ask(self.pace, attempt, before=self.before)

    def _may_create(self, key: str) -> bool:
        """Whether to create a user now: not if a webhook or another import has finished it.

        Undoing waits for requests that begin before it. Raises ImportEnded.
        """
        with self.engine.connect() as connection:
            keycloak_authority.require_open(connection, self.run)
            return keycloak_imports.is_creating(connection, self.run, key)

    def _existing(self, key: str, look_ups: int) -> Snapshot | None:
        """The user with this external id, looked up several times."""
        for number in range(look_ups):
            if number:
                self.pace.pause(LOOK_UP_SECONDS)
            self.pace.wait()
            self.before()
            if found := self.writer.find(key):
                return found
        return None


@dataclass(slots=True)
class _Attempts:
    may_exist: bool


def _differs(someone: Person, known: ImportedUser) -> bool:
    """Whether the export is not the one that was planned, as far as this user's credentials show."""
    return (
        someone.digest.hasher if someone.digest else None,
        someone.password_set_at,
        someone.totp_secret is not None,
        someone.app_set_at,
    ) != (known.password_hasher, known.password_set_at, known.has_app, known.app_set_at)
