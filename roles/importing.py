"""Imports roles from a file, with windows in the past. Each line is decided under lock, and leaves one audit line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice

from sqlalchemy import Connection

from akako_guard.role import Role
from db import audit, clock, permission, role_imports
from db.audit import Author
from db.role_imports import HeldWindow, ImportedRole, Subject
from roles import times
from roles.role_file import InvalidLine, RoleLine

SET = 1_000
"""Lines in one statement."""


class Who(StrEnum):
    """What the column `who` contains."""

    CLERK_ID = "clerk-id"
    EXTERNAL_ID = "external-id"
    EMAIL = "email"


class Outcome(StrEnum):
    """What becomes of a line."""

    ADDED = "added"
    PRESENT = "present"
    """The user holds the role during all of that time already."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A line and what becomes of it."""

    number: int
    outcome: Outcome
    clerk_id: str | None = None
    role: Role | None = None
    start: datetime | None = None
    end: datetime | None = None
    why: str = ""
    """Why it was refused; empty otherwise."""


@dataclass(slots=True)
class Imported:
    """The result of an import."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    in_the_past: int = 0
    """Added windows that begin before the import."""

    def note(self, decisions: Sequence[Decision], now: datetime) -> None:
        """Add the decisions about a set."""
        self.counts.update(each.outcome for each in decisions)
        self.in_the_past += sum(
            each.outcome is Outcome.ADDED and each.start is not None and each.start < now for each in decisions
        )


def sets(lines: Iterable[RoleLine | InvalidLine]) -> Iterator[list[RoleLine | InvalidLine]]:
    """The lines in sets of `SET`."""
    rest = iter(lines)
    while part := list(islice(rest, SET)):
        yield part


def add(
    connection: Connection, lines: Sequence[RoleLine | InvalidLine], who: Who, author: Author
) -> tuple[list[Decision], datetime]:
    """Decide about a set of lines and add its windows; returns the decisions, and the time for `from` if it is empty.

    The database refuses windows in the past, unless the connection is that of the owner of the tables.
    """
    readable = [line for line in lines if isinstance(line, RoleLine)]
    found = role_imports.subjects(connection, who.value, {line.who for line in readable})
    permission.lock_and_check(connection, author.permission, {each.clerk_id for each in found})
    # Read again after the wait: a user may have been deleted, or lost the address to another, who is not locked.
    locked = {each.id for each in found}
    again = role_imports.subjects(connection, who.value, {line.who for line in readable})
    found = [each for each in again if each.id in locked]
    users: dict[str, list[Subject]] = {}
    for subject in found:
        users.setdefault(subject.who, []).append(subject)
    held = role_imports.held(connection, [each.id for each in found])
    now = clock.after_wait(connection)
    decisions, added = [], []
    for line in lines:
        if isinstance(line, InvalidLine):
            decisions.append(Decision(number=line.number, outcome=Outcome.REFUSED, why=line.reason))
            continue
        window, decision = _decide(line, users.get(line.who.lower() if who is Who.EMAIL else line.who, []), held, now)
        decisions.append(decision)
        if window is not None:
            added.append(ImportedRole(window=window, by=line.by or author.actor, why=line.why))
            held.setdefault(window.user_id, []).append(window)
    if added:
        audit.set_author(connection, replace(author, reason=""))
        role_imports.add(connection, added, now, author.reason)
    return decisions, now


def _decide(
    line: RoleLine, users: Sequence[Subject], held: dict[int, list[HeldWindow]], now: datetime
) -> tuple[HeldWindow | None, Decision]:
    """What becomes of a line, and the window to add."""
    start = line.start or now
    decision = Decision(
        number=line.number, outcome=Outcome.REFUSED, clerk_id=line.who, role=line.role, start=start, end=line.end
    )
    if len(users) != 1:
        many = f"{len(users)} users have this value of `who`: name them by their Clerk id"
        return None, replace(decision, why=many if users else "no user has this value of `who`: import users first")
    [user] = users
    decision = replace(decision, clerk_id=user.clerk_id)
    if user.is_deleted:
        return None, replace(decision, why="the user was deleted in Clerk, and holds no roles any more")
    if line.end is not None and line.end <= start:
        return None, replace(decision, why="`until` is in the past, and `from` is empty")
    wanted = HeldWindow(user_id=user.id, role=line.role, start=start, end=line.end)
    for window in held.get(user.id, []):
        if window.role is not line.role or not _overlap(window, wanted):
            continue
        if _covers(window, wanted):
            return None, replace(decision, outcome=Outcome.PRESENT)
        until = times.write(window.end) if window.end else "no end"
        why = f"it overlaps the same role from {times.write(window.start)} to {until}: give the rest only"
        return None, replace(decision, why=why)
    return wanted, replace(decision, outcome=Outcome.ADDED)


def _overlap(one: HeldWindow, other: HeldWindow) -> bool:
    return (one.end is None or other.start < one.end) and (other.end is None or one.start < other.end)


def _covers(outer: HeldWindow, inner: HeldWindow) -> bool:
    ends_later = outer.end is None or (inner.end is not None and inner.end <= outer.end)
    return outer.start <= inner.start and ends_later
