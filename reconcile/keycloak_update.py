"""Carries out what a newer plan changes about users that were imported from Keycloak before.

Every step can be repeated: a user is done when `synced_run_id` names the plan, which is committed last. What
a person changed with us stays, and so does the password of a user who signed in at Clerk.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, Engine

from akako_guard.role import Role
from clerk.user import Snapshot
from clerk.user_writer import UserWriter, WriteRefused
from config import logs
from db import admins, audit, keycloak_changes, keycloak_plans, permission, roles, users
from db.audit import Author
from db.keycloak_changes import Change
from db.keycloak_plans import Run
from keycloak import clerk_user
from keycloak.person import Person
from reconcile import keycloak_authority, retry
from reconcile.pace import Pace
from sync import apply

log = structlog.get_logger()

ACTOR = "keycloak"
"""The author of these changes in the audit trail."""
ENDED = "Keycloak ended the role (plan {} of the move)."
APPLY_SECONDS = 30.0

CHANGED_HERE = "changed_here"
"""A person changed this role of the user with us."""
LAST_ADMIN = "last_admin"
"""There would be a time without any admin; the next import tries again."""
SIGNED_IN = "signed_in"
"""The user signed in at Clerk, and may have another password there."""
NO_PASSWORD = "no_password"  # noqa: S105 - a reason
"""The new password is none that Clerk can verify."""
NOT_AT_CLERK = "not_found_at_clerk"
"""Clerk does not have the user; the next import tries again, unless the user is deleted here, too."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that was not changed, because something else counts more."""

    keycloak_id: str
    kind: str
    """`role_ended`, `role_given`, `password`, `app_removed`, `disabled` or `enabled`."""
    reason: str


@dataclass(slots=True)
class Updates:
    """What was changed about users."""

    users: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """By kind, as of `Kept`; roles are counted each."""
    kept: list[Kept] = field(default_factory=list)
    failed: list[Kept] = field(default_factory=list)
    """What was refused; the next import tries again."""

    def add(self, other: "Updates") -> None:
        """Add the updates of other users."""
        self.users += other.users
        self.counts += other.counts
        self.kept += other.kept
        self.failed += other.failed


@dataclass(frozen=True, slots=True)
class Updater:
    """Updates imported users to one run."""

    engine: Engine
    run: Run
    writer: UserWriter
    pace: Pace
    default_role: Role
    before: Callable[[], None]

    def update(self, someone: Person, change: Change) -> Updates:
        """Carry out a change. Raises ClerkUnavailable or a database error: call it again. Raises ImportEnded."""
        done = Updates(users=1)
        # Roles first: they end even if Clerk refuses the rest, however often it is tried again.
        with self.engine.begin() as connection:
            keycloak_plans.lock(connection, shared=True)
            keycloak_authority.require_open(connection, self.run)
            self._sync_roles(connection, change.keycloak_id, change.clerk_id, done)
            if not done.failed:
                keycloak_changes.roles_synced(connection, self.run, change.keycloak_id)
        if change.banned != change.was_banned:
            kind = "disabled" if change.banned else "enabled"
            self._at_clerk(change, kind, done, lambda found: self._set_banned(found, change.banned))
        if change.password:
            self._at_clerk(change, "password", done, lambda found: self._set_password(someone, found))
            if done.counts["password"] and someone.digest is None and someone.password_set_at:
                done.kept.append(Kept(change.keycloak_id, "password", NO_PASSWORD))  # only the app was sent
        if change.app_removed:
            self._at_clerk(change, "app_removed", done, self._remove_app)
        if not done.failed:
            with self.engine.begin() as connection:
                keycloak_changes.synced(connection, self.run, change.keycloak_id)
        return done

    def _at_clerk(
        self, change: Change, kind: str, done: Updates, send: Callable[[Snapshot], Snapshot | WriteRefused | str | None]
    ) -> None:
        """Look the user up, and change it; `send` returns the changed user, or why nothing was to be changed."""

        def attempt() -> Snapshot | WriteRefused | str | None:
            with self.engine.connect() as connection:
                keycloak_authority.require_open(connection, self.run)
            found = self.writer.fetch(change.clerk_id)
            if found is None:
                return NOT_AT_CLERK if self._is_deleted_here(change) else WriteRefused(NOT_AT_CLERK)
            return send(found)

        result = retry.ask(self.pace, attempt, before=self.before)
        if isinstance(result, WriteRefused):
            done.failed.append(Kept(change.keycloak_id, kind, result.code))
        elif isinstance(result, str):
            done.kept.append(Kept(change.keycloak_id, kind, result))
        elif result is not None:
            done.counts[kind] += 1
            self._apply(result)

    def _set_password(self, someone: Person, found: Snapshot) -> Snapshot | WriteRefused | str:
        body = clerk_user.changed_password(someone)
        if not found.never_signed_in:
            return SIGNED_IN
        if body is None:
            return NO_PASSWORD
        self.pace.wait()
        self.before()
        return self.writer.update(found.clerk_id, body)

    def _remove_app(self, found: Snapshot) -> Snapshot | WriteRefused | str:
        if not found.never_signed_in:
            return SIGNED_IN
        self.pace.wait()
        self.before()
        return self.writer.remove_app(found.clerk_id) or found

    def _set_banned(self, found: Snapshot, banned: bool) -> Snapshot | WriteRefused | None:
        if found.banned == banned:
            return None
        self.pace.wait()
        self.before()
        return self.writer.set_banned(found.clerk_id, banned)

    def _is_deleted_here(self, change: Change) -> bool:
        with self.engine.connect() as connection:
            known = users.stored(connection, [change.clerk_id]).get(change.clerk_id)
        return known is not None and not isinstance(known.state, Snapshot)

    def _apply(self, changed: Snapshot) -> None:
        """Write Clerk's answer here, as its webhook will."""
        cause = f"keycloak_{self.run.id}"
        errors = apply.apply_snapshots(self.engine, [(changed, cause)], self.default_role, APPLY_SECONDS)
        for error in errors.values():
            step = "none: the webhook, or the comparison with Clerk, writes it"
            log.warning("user.not_applied", clerk_id=changed.clerk_id, next_step=step, **logs.fault(error))

    def _sync_roles(self, connection: Connection, keycloak_id: str, clerk_id: str, done: Updates) -> None:
        permission.lock_and_check(connection, None, [clerk_id])
        # Again after the wait for the lock: another import may have done it.
        change = keycloak_changes.find(connection, self.run, [keycloak_id]).get(keycloak_id)
        if change is None:
            return
        changed = keycloak_changes.changed_here(connection, clerk_id)
        audit.set_author(connection, Author(actor=ACTOR, cause=f"keycloak_{self.run.id}"))
        for kind, wanted in (("role_ended", change.ended), ("role_given", change.given)):
            done.kept += [Kept(keycloak_id, kind, f"{CHANGED_HERE}: {role}") for role in sorted(wanted & changed)]
        self._end(connection, change, change.ended - changed, done)
        given = keycloak_changes.give(connection, self.run, change, change.given - changed)
        done.counts += Counter({"role_given": len(given)})

    def _end(self, connection: Connection, change: Change, ended: frozenset[Role], done: Updates) -> None:
        for assignment, role in keycloak_changes.imported(connection, change.clerk_id, ended).items():
            if role is Role.ADMIN:
                admins.lock(connection)
                if admins.would_be_missing(connection, assignment, None):
                    done.failed.append(Kept(change.keycloak_id, "role_ended", f"{LAST_ADMIN}: {role}"))
                    continue
            roles.revoke(connection, assignment, ENDED.format(self.run.id))
            done.counts["role_ended"] += 1
