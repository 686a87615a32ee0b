"""The changes that a replay or a repair would make: users, roles, and new lines of the audit trail. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.audit import AuditEntry
from db.row_images import Row, UserImage

HIDDEN = "(hidden)"
PERSONAL = frozenset(
    {"claimed_email", "email", "first_name", "last_name", "username", "image_url", "external_id", "assigned_by_email"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """A row that changes, with only the columns that differ; None where no row exists."""

    clerk_user_id: str
    assignment_id: int | None
    """None for the user's own row, and for a new assignment."""
    role: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes that a replay or a repair would make."""

    users: list[Change]
    roles: list[Change]
    lines: list[AuditEntry]
    """The lines that would be added to the audit trail, in order; ids and times would differ."""

    def redacted(self) -> "Difference":
        """The same with personal data redacted."""
        lines = [replace(each, before=_redact(each.before), after=_redact(each.after)) for each in self.lines]
        return Difference(list(map(_redacted, self.users)), list(map(_redacted, self.roles)), lines)


def between(before: Mapping[str, UserImage], after: Mapping[str, UserImage], lines: Sequence[AuditEntry]) -> Difference:
    """The difference between two states of the same users, in the order of Clerk's ids."""
    named = [(clerk_id, before[clerk_id], after[clerk_id]) for clerk_id in sorted(before)]
    users = (_change(clerk_id, None, None, then.user, now.user) for clerk_id, then, now in named)
    roles = (change for clerk_id, then, now in named for change in _roles(clerk_id, then.roles, now.roles))
    return Difference([change for change in users if change], [change for change in roles if change], list(lines))


def _roles(clerk_id: str, before: Mapping[int, Row], after: Mapping[int, Row]) -> Iterator[Change | None]:
    for number in sorted(before.keys() | after.keys()):
        then, now = before.get(number), after.get(number)
        role = (then or now or {}).get("role")
        yield _change(clerk_id, number if then else None, role, then, now)


def _change(clerk_id: str, number: int | None, role: str | None, then: Row | None, now: Row | None) -> Change | None:
    if then == now:
        return None
    names = [name for name in {**(then or {}), **(now or {})} if (then or {}).get(name) != (now or {}).get(name)]
    return Change(clerk_id, number, role, _only(then, names), _only(now, names))


def _only(row: Row | None, names: Sequence[str]) -> Row | None:
    return None if row is None else {name: row[name] for name in names}


def _redacted(change: Change) -> Change:
    return replace(change, before=_redact(change.before), after=_redact(change.after))


def _redact(row: Row | None) -> Row | None:
    if row is None:
        return None
    return {name: HIDDEN if name in PERSONAL and value is not None else value for name, value in row.items()}
