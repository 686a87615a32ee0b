"""Repairs recorded differences at a person's request: asks Clerk for these users again, and applies its answers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import Connection

from akako_guard.database import faults
from akako_guard.role import Role
from clerk.backend import MOST_IDS
from clerk.user import Implausible, Snapshot
from config import logs
from db import clock, drift, permission, users
from db.audit import Author
from db.drift import Drift
from reconcile import pinning, repair_plan
from reconcile.reading import Reader
from reconcile.repair import cause
from reconcile.repair_plan import Plan, SkippedDrift
from sync import apply
from sync.fold import State
from sync.persist import Observer, WriteRules
from sync.transaction import Begin

SET = MOST_IDS
"""Differences in one transaction, and in one request to Clerk."""
SET_SECONDS = 8.0

UNKNOWN = "No difference with this id is recorded."
ENDED = "It has ended already: {}."
NOT_SHOWN = (
    "Clerk does not show this user, so there is nothing to apply. If the user is gone, reconciling deletes the user"
    " after Clerk has said so twice, ten minutes apart."
)
USER_LOCKED = "Another transaction is changing this user. Repair it again in a moment."
TOO_NEW = "Clerk's version is in the future. Check the clock of the database's host."


class ChangedMeanwhile(Exception):
    """The user was changed after Clerk was asked. Look at the difference again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOrder:
    """How to repair: the author with the reason, and the options."""

    author: Author
    default_role: Role
    force: bool = False
    """Whether Clerk's contents win over a stored version that is the same or newer."""


@dataclass(slots=True)
class RepairResult:
    """The result of a repair."""

    repaired: list[int] = field(default_factory=list)
    """Ids of the differences whose user is as Clerk says now."""
    resolved: list[int] = field(default_factory=list)
    """Ids of the differences that had ended by themselves."""
    left: list[SkippedDrift] = field(default_factory=list)

    def add(self, other: "RepairResult") -> None:
        """Add the result of another part."""
        self.repaired += other.repaired
        self.resolved += other.resolved
        self.left += other.left


@dataclass(frozen=True, slots=True)
class Asked:
    """Open differences with Clerk's answers about their users, and those that cannot be repaired."""

    answers: Sequence[tuple[Drift, Snapshot]]
    left: Sequence[SkippedDrift]


def ask(reader: Reader, ids: Sequence[int]) -> Iterator[Asked]:
    """Ask Clerk for the users of these differences, a set at a time.

    Raises ClerkUnavailable, PageTooLarge, NotPinned, or AnotherInstance if the secret key is of another instance.
    """
    if ids:
        pinning.check(reader.engine, reader.instance())
    for start in range(0, len(ids), SET):
        yield _ask(reader, ids[start : start + SET])


def _ask(reader: Reader, ids: Sequence[int]) -> Asked:
    with reader.engine.begin() as connection:
        found = {each.id: each for each in drift.of_ids(connection, ids)}
    left = [SkippedDrift(number, None, UNKNOWN) for number in ids if number not in found]
    known = [found[number] for number in ids if number in found]
    left += [SkippedDrift(each.id, each.clerk_id, ENDED.format(each.outcome)) for each in known if each.outcome]
    unended = [each for each in known if each.outcome is None]
    if not unended:
        return Asked([], left)
    page = reader.ask(partial(reader.backend.users_by_id, [each.clerk_id for each in unended]))
    shown = {user.clerk_id: user for user in page.users}
    left += [SkippedDrift(each.id, each.clerk_id, NOT_SHOWN) for each in unended if each.clerk_id not in shown]
    return Asked([(each, shown[each.clerk_id]) for each in unended if each.clerk_id in shown], left)


def repair(begin: Begin, asked: Asked, order: RepairOrder, observer: Observer | None = None) -> RepairResult:
    """Apply Clerk's answers, end the differences, and leave a line of the audit trail for each repair.

    A deleted user stays deleted. Raises NotPermitted, and errors of the database that no user caused; what was
    committed before stays so, and repairing again is safe.
    """
    with begin() as connection:
        permission.lock_and_check(connection, order.author.permission)
        plan = _plan(connection, asked, force=order.force)
        drift.end(connection, [each.id for each in plan.resolved], "resolved")
    result = RepairResult(resolved=[each.id for each in plan.resolved], left=[*asked.left, *plan.left])
    rules = WriteRules(author=order.author, observer=observer)
    result.add(_apply(begin, plan.plain, order, rules))
    # Forced contents win over everything, so they must not win over a webhook that arrived after Clerk's answer.
    result.add(
        _apply(begin, plan.forced, order, replace(rules, force=True, observer=_unchanged(plan.states, observer)))
    )
    return result


def _plan(connection: Connection, asked: Asked, *, force: bool) -> Plan:
    stored = users.stored(connection, [each.clerk_id for each, _ in asked.answers])
    return repair_plan.plan(asked.answers, stored, clock.now(connection), force=force)


def _unchanged(states: Mapping[str, State | None], observer: Observer | None) -> Observer:
    """An observer that raises ChangedMeanwhile if a user is not stored as when the plan was made."""

    def check(connection: Connection, clerk_ids: Collection[str]) -> None:
        stored = users.stored(connection, [each for each in clerk_ids if each in states])
        if any(user.state != states[clerk_id] for clerk_id, user in stored.items()):
            raise ChangedMeanwhile(ChangedMeanwhile.__doc__)
        if observer:
            observer(connection, clerk_ids)

    return check


def _apply(
    begin: Begin, answers: Sequence[tuple[Drift, Snapshot]], order: RepairOrder, rules: WriteRules
) -> RepairResult:
    if not answers:
        return RepairResult()
    by_user = {each.clerk_id: each for each, _ in answers}

    def end(connection: Connection, clerk_ids: Collection[str]) -> None:
        drift.end(connection, [by_user[clerk_id].id for clerk_id in clerk_ids], "repaired")

    causes = [(snapshot, cause(each.id)) for each, snapshot in answers]
    errors = apply.apply_snapshots_in(begin, causes, order.default_role, SET_SECONDS, rules, end)
    return RepairResult(
        repaired=[each.id for each, _ in answers if each.clerk_id not in errors],
        left=[SkippedDrift(by_user[clerk_id].id, clerk_id, _why(error)) for clerk_id, error in errors.items()],
    )


def _why(error: Exception) -> str:
    if isinstance(error, ChangedMeanwhile):
        return str(error)
    if isinstance(error, Implausible):
        return TOO_NEW
    if faults.is_lock(error) or faults.is_conflict(error):
        return USER_LOCKED
    return f"It cannot be applied: {', '.join(f'{name} {value}' for name, value in logs.fault(error).items())}."
