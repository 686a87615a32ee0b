"""Compares an export of Keycloak, the users at Clerk and our tables, in both directions. Changes nothing.

One pass over the export asks Clerk for each user by its external id; one pass over Clerk finds users that an import
created and that no plan explains.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from sqlalchemy import Engine

from clerk.backend import MOST_IDS
from clerk.user import Snapshot
from clerk.user_writer import UserWriter
from db import keycloak_changes, keycloak_parity, keycloak_plans, users
from db.keycloak_imports import State
from db.keycloak_parity import GoneUser, Record
from db.keycloak_plans import Run
from db.users import StoredUser
from keycloak import person
from keycloak.fate import Fate
from keycloak.mapping import RoleMap, Treatment
from keycloak.person import Category, Person
from keycloak.repeats import hashed
from keycloak.user import User
from reconcile import comparison
from reconcile.comparison import Effect
from reconcile.reading import Reader

PAGE = 1_000
SETTLED = timedelta(minutes=1)
"""How long after the import a user at Clerk is still the one that was imported."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same everywhere."""

    keycloak_id: str
    kind: str
    detail: str = ""
    explained: bool = False
    """Whether something that happened after the import, or the plan, explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """The comparison for one run."""

    engine: Engine
    run: Run
    roles: RoleMap
    writer: UserWriter
    reader: Reader

    def differences(
        self, exported: Iterable[User], advance: Callable[[int], None] = lambda _: None
    ) -> Iterator[Difference]:
        """All differences. Raises ClerkUnavailable, PageTooLarge or a database error."""
        seen, rest = set[int](), iter(exported)
        while part := list(islice(rest, MOST_IDS)):
            first = {user.key: user for user in reversed(part) if hashed(user.key) not in seen}
            seen |= set(map(hashed, first))
            yield from self._of_set(first)
            advance(len(part))
        yield from self._missing_in_export(seen)
        yield from self._strays()

    def _of_set(self, exported: dict[str, User]) -> Iterator[Difference]:
        at_clerk = self.reader.ask(lambda: self.writer.find_all(list(exported)))
        with self.engine.connect() as connection:
            records = keycloak_parity.records(connection, self.run, exported)
            for key in keycloak_changes.find(connection, self.run, exported.keys()):
                yield Difference(key, "not_changed", "this plan was not imported")
            stored = users.stored(connection, [each.clerk_id for each in at_clerk.values()])
            for each in keycloak_parity.role_differences(connection, self.run, exported):
                yield Difference(each.keycloak_id, each.kind, each.detail, each.explained)
        for key, user in exported.items():
            found, record = at_clerk.get(key), records.get(key)
            if record is None:
                yield Difference(key, "not_planned")
            elif record.fate != Fate.PLANNED:
                if found and found.import_marker and record.marker == found.import_marker:
                    yield Difference(key, "not_planned_at_clerk", found.clerk_id)
            elif record.state is not State.APPLIED:
                yield Difference(key, "not_imported", ": ".join(filter(None, (record.state, record.reason))))
            elif found is None:
                yield self._absent(record)
            else:
                yield from self._compared(person.of(user), record, found, stored.get(found.clerk_id))

    def _absent(self, record: Record) -> Difference:
        with self.engine.connect() as connection:
            known = users.stored(connection, [record.clerk_id or ""]).get(record.clerk_id or "")
        deleted = known is not None and not isinstance(known.state, Snapshot)
        return Difference(record.keycloak_id, "missing_at_clerk", record.clerk_id or "", deleted)

    def _compared(
        self, someone: Person, record: Record, found: Snapshot, known: StoredUser | None
    ) -> Iterator[Difference]:
        key = record.keycloak_id
        if (found.clerk_id, found.import_marker) != (record.clerk_id, record.marker):
            yield Difference(key, "another_user_at_clerk", found.clerk_id)
            return
        later = record.changed_at is not None and found.version > record.changed_at + SETTLED
        for name in self._differing(someone, found):
            yield Difference(key, name, "updated at Clerk after the import" if later else "", later)
        if known is None or comparison.effect(found, known) is not Effect.UNCHANGED:
            yield Difference(key, "missing_here" if known is None else "other_than_at_clerk", found.clerk_id)

    def _differing(self, someone: Person, found: Snapshot) -> Iterator[str]:
        """The fields that are not at Clerk as in Keycloak; never their values."""
        user = someone.user
        # Clerk need not make an address the primary one before it is verified.
        unverified = found.email is None and Category.UNVERIFIED in someone.categories
        if not unverified and _folded(someone.email) != _folded(found.email):
            yield "email"
        if _folded(someone.username) != _folded(found.username):
            yield "username"
        if (user.first_name, user.last_name) != (found.first_name, found.last_name):
            yield "name"
        banned = Category.DISABLED in someone.categories
        if (banned and self.roles.treatments.get(Category.DISABLED) is Treatment.BAN) != found.banned:
            yield "banned"

    def _missing_in_export(self, seen: set[int]) -> Iterator[Difference]:
        last: str | None = None
        with self.engine.connect() as connection:
            while page := keycloak_plans.users(connection, self.run.id, PAGE, after=last):
                last = page[-1].keycloak_id
                yield from (
                    Difference(each.keycloak_id, "not_in_export")
                    for each in page
                    if hashed(each.keycloak_id) not in seen
                )
            end = ""
            while gone := keycloak_parity.gone(connection, self.run, PAGE, after=end):
                end = gone[-1].keycloak_id
                yield from map(_gone, gone)

    def _strays(self) -> Iterator[Difference]:
        """Users at Clerk that an import of this realm created, and that it does not record."""
        for read in self.reader.oldest_first(None, None, self.reader.count()):
            marked = [
                (user.clerk_id, user.external_id, user.import_marker) for user in read.page.users if user.import_marker
            ]
            with self.engine.connect() as connection:
                strays = keycloak_parity.strays(connection, self.run, marked)
            for clerk_id, external_id, _ in marked:
                if clerk_id in strays:
                    yield Difference(external_id or "", "unrecorded_at_clerk", clerk_id)


def _gone(user: GoneUser) -> Difference:
    if user.state is not State.APPLIED:
        return Difference(user.keycloak_id, "gone_unfinished", user.state)
    if user.roles:
        return Difference(user.keycloak_id, "gone_with_roles", ", ".join(user.roles))
    return Difference(user.keycloak_id, "gone_from_keycloak", "without roles here", explained=True)


def _folded(text: str | None) -> str | None:
    return text.lower() if text else None
