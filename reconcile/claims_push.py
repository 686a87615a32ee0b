"""Pushes the roles held now to Clerk's `public_metadata`, one push of a user at a time.

For each set of due users it first looks at what Clerk has: users who have the right value already are not pushed, also
after a crash, and users that another installation marked are parked. No transaction is open during a request.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Engine

from akako_guard.role import Role
from clerk.backend import PatchRefused, UserNotFound
from clerk.http import ClerkUnavailable
from clerk.user import Snapshot
from config import logs
from db import claims, claims_switch
from db.claims import Leased
from db.claims_switch import Switch
from reconcile import metrics, repair
from reconcile.claims import Seen, Wanted, compare, patch, pause_seconds, wanted
from reconcile.reading import Reader
from sync import apply, claims_drift

log = structlog.get_logger()

MOST_AT_ONCE = 50
"""Users leased and looked up together; a process that is killed leaves this number of leases behind."""
LEASE_SECONDS = 90.0
"""Longer than one slice."""
SEEDED_AT_ONCE = 5_000
MOST_FAILED = 2
"""Users in a row that fail until all pushes pause: then it is not the user."""
NOT_FOUND_SECONDS = 3_600.0
"""When a user that Clerk does not have is tried again, unless reconciling deletes the user before."""
APPLY_SECONDS = 10.0
CAUSE = "claims"
"""The `cause` of audit lines for what an answer shows besides."""


@dataclass(kw_only=True)
class Pusher:
    """The pushes of one slice."""

    reader: Reader
    instance_id: str
    """The instance of the secret key."""
    default_role: Role
    holder: str
    is_over: Callable[[], bool]
    """Whether the time of the slice is over."""
    _failed: int = field(default=0, init=False)
    """Users in a row that failed."""
    _answers: list[Snapshot] = field(default_factory=list, init=False)
    """What Clerk answered to the pushes of one set."""

    def run(self) -> bool:
        """Push users that are due; returns whether more are due. Raises ClerkUnavailable or SliceOver."""
        if not self._may_push():
            return False
        while not self.is_over():
            switch, marked = self._mark_more()
            if switch is None:
                return False
            least_urgent = claims.SEEDED if switch.is_seeded else claims.CHANGED
            with self._engine.begin() as connection:
                leased = claims.take(connection, self.holder, MOST_AT_ONCE, least_urgent, LEASE_SECONDS)
            if leased:
                self._push_all(leased, switch)
            elif not marked:
                return False
        return True

    @property
    def _engine(self) -> Engine:
        return self.reader.engine

    def _may_push(self) -> bool:
        """Whether claims are on, and were turned on for this instance and in this database."""
        address = reached(self._engine)
        with self._engine.begin() as connection:
            switch = claims_switch.read(connection)
            if switch is None or not switch.is_on:
                return False
            here = claims_switch.database_id(connection)
            because = _difference(switch, self.instance_id, here, address)
            if because is None and switch.reached_at is None:
                claims_switch.note_reached(connection, address)
            is_news = claims_switch.note_stopped(connection, because)
        if because is not None and is_news:
            step = "if this is no copy, run `akako claims on`: docs/how-to/runbook.md#claims-are-stopped"
            log.error("claims.stopped", reason=because, next_step=step)
        return because is None

    def _mark_more(self) -> tuple[Switch | None, int]:
        """Mark more users for the first push; returns the switch, None if it is off, and how many were marked.

        Changes are pushed in between, so that none waits until all users are marked.
        """
        with self._engine.begin() as connection:
            switch, marked = claims_switch.read(connection), None
            if switch and switch.is_on and not switch.is_seeded:
                marked = claims_switch.seed(connection, SEEDED_AT_ONCE)
                switch = claims_switch.read(connection)
        return (switch if switch and switch.is_on else None), marked or 0

    def _push_all(self, leased: Sequence[Leased], switch: Switch) -> None:
        try:
            by_id = partial(self.reader.backend.users_by_id, [user.clerk_id for user in leased])
            shown = {user.clerk_id: user for user in self.reader.ask(by_id).users}
            for user in leased:
                if self.is_over():
                    return
                self._push(user, shown.get(user.clerk_id), switch)
        finally:
            with self._engine.begin() as connection:
                claims.give_back(connection, [user.user_id for user in leased], self.holder)
            self._apply()

    def _push(self, user: Leased, shown: Snapshot | None, switch: Switch) -> None:
        with self._engine.begin() as connection:
            if not claims.renew(connection, user.user_id, self.holder, LEASE_SECONDS):
                return
            held = claims.held(connection, user.user_id)
        value = wanted(held, switch.installation)
        if shown is None:
            if held.is_deleted:
                self._note(user, value, None, sent=False)
            else:
                self._send(user, value)
            return
        seen = compare(value.value, shown.claims, switch.installation)
        # Clerk's lists can lag behind: one that is older than the last push does not say what Clerk has now. After a
        # push of unknown outcome none does.
        is_current = not user.has_failed and (user.pushed_version is None or shown.version >= user.pushed_version)
        if seen is Seen.ANOTHER_INSTALLATION and not user.takes_over:
            self._park(user, "another_installation")
        elif seen is Seen.SAME and is_current:
            self._note(user, value, shown, sent=False)
        else:
            self._send(user, value)

    def _send(self, user: Leased, value: Wanted) -> None:
        ask = partial(self.reader.backend.patch_metadata, user.clerk_id, patch(value.value))
        try:
            answer = self.reader.ask(ask)
        except ClerkUnavailable as unavailable:
            self._note_failure(user, unavailable)
            return
        self._failed = 0
        match answer:
            case UserNotFound():
                self._note_not_found(user)
            case PatchRefused(reason):
                self._park(user, "refused", reason)
            case snapshot:
                self._answers.append(snapshot)
                self._note(user, value, snapshot, sent=True)

    def _apply(self) -> None:
        """Apply the answers, so that the webhooks that Clerk sends about the pushes are nothing new."""
        if not self._answers:
            return
        answers, self._answers = [(snapshot, CAUSE) for snapshot in self._answers], []
        errors = apply.apply_snapshots(self._engine, answers, self.default_role, APPLY_SECONDS, repair.RULES)
        for clerk_id, error in errors.items():
            step = "none: the webhook applies it"
            log.warning("user.not_applied", clerk_id=clerk_id, next_step=step, **logs.fault(error))

    def _note(self, user: Leased, value: Wanted, shown: Snapshot | None, *, sent: bool) -> None:
        """Record that Clerk has the value. A user whose roles have changed meanwhile is due again at once."""
        with self._engine.begin() as connection:
            if not claims.lock(connection, user.user_id, self.holder):
                return
            held = claims.held(connection, user.user_id)
            now = wanted(held, str(value.value["roles_by"]))
            due_at = now.next_change if now.value == value.value else held.now
            version = shown.version if shown else None
            claims.note_pushed(connection, user.user_id, value.value, version, due_at, sent=sent)
        metrics.PUSHES.labels("pushed" if sent else "same").inc()

    def _note_failure(self, user: Leased, unavailable: ClerkUnavailable) -> None:
        """Pause the user, longer after each failure in a row.

        Raises ClerkUnavailable if others failed before, or the key is refused: then it is not this user.
        """
        with self._engine.begin() as connection:
            seconds = pause_seconds(claims.failures(connection, user.user_id), unavailable.retry_after)
            claims.note_failure(connection, user.user_id, str(unavailable), seconds)
        metrics.PUSHES.labels("failed").inc()
        step = "none if it passes; otherwise see docs/how-to/runbook.md#claims-are-late"
        log.warning("claims.not_pushed", clerk_id=user.clerk_id, reason=str(unavailable), next_step=step)
        self._failed += 1
        if self._failed >= MOST_FAILED or not unavailable.transient:
            raise unavailable

    def _note_not_found(self, user: Leased) -> None:
        """Clerk does not have the user: reconciling concludes whether the user is deleted."""
        with self._engine.begin() as connection:
            claims.note_not_found(connection, user.user_id, NOT_FOUND_SECONDS)
        metrics.PUSHES.labels("not_found").inc()

    def _park(self, user: Leased, parked: str, reason: str | None = None) -> None:
        with self._engine.begin() as connection:
            claims_drift.park(connection, user.user_id, user.clerk_id, parked, reason)
        metrics.PUSHES.labels("parked").inc()


def _difference(switch: Switch, instance_id: str, database_id: str, address: str) -> str | None:
    """How the instance or database differs from those for which claims were turned on; None if it does not."""
    if switch.instance_id != instance_id:
        return f"claims were turned on for the instance {switch.instance_id}, and the key is of {instance_id}"
    if switch.database_id != database_id:
        return "claims were turned on in another database, of which this one is a copy"
    if switch.reached_at not in (None, address):
        return "claims were turned on in a database at another address, of which this one may be a copy"
    return None


def reached(engine: Engine) -> str:
    """The address under which this process reaches the database."""
    with engine.connect() as connection:
        known = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    return f"{known.get('host', '')}:{known.get('port', '5432')}/{known.get('dbname', '')}"
