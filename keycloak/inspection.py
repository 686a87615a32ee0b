"""Counts what an export contains: users, passwords, roles, and what is unusual. Shows no secrets and no names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from keycloak import credential_data, person
from keycloak.person import Category, Person
from keycloak.realm_source import Advance, RealmSource
from keycloak.refusal import Masked
from keycloak.repeats import Repeats
from keycloak.roles import KeycloakRole, RoleGraph

EXAMPLES = 3
"""Ids of users that are shown for each oddity."""
COMBINATIONS = 10_000
"""Combinations of roles and groups that are counted before the roles are."""
LARGEST_METADATA = 8_100
"""Bytes of metadata that a user can have at Clerk (8 KB), without the marker of the import."""


@dataclass(slots=True)
class Oddity:
    """Something unusual, with the number of users and the ids of a few."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RoleUse:
    """How many persons hold a role."""

    direct: int = 0
    effective: int = 0


@dataclass(slots=True)
class Repeated:
    """Hashes of what several users have; see `repeats`."""

    ids: frozenset[int] = frozenset()
    emails: frozenset[int] = frozenset()
    usernames: frozenset[int] = frozenset()


@dataclass(slots=True)
class Inspection:
    """The counts of one export."""

    users: int = 0
    persons: int = 0
    """Users that are no service accounts."""
    categories: Counter[str] = field(default_factory=Counter)
    algorithms: Counter[str] = field(default_factory=Counter)
    """Of the passwords in use, with their parameters."""
    problems: Counter[str] = field(default_factory=Counter)
    """Why passwords and authenticator apps cannot be transferred, and what else is lost."""
    apps: int = 0
    """Authenticator apps that can be transferred."""
    roles: dict[KeycloakRole, RoleUse] = field(default_factory=dict)
    groups: Counter[str] = field(default_factory=Counter)
    required_actions: Counter[str] = field(default_factory=Counter)
    identity_providers: Counter[str] = field(default_factory=Counter)
    oddities: dict[str, Oddity] = field(default_factory=dict)
    repeated: Repeated = field(default_factory=Repeated)


def inspect(source: RealmSource, advance: Advance = lambda _: None) -> Inspection:
    """Read every user. Raises ExportRefused, also if a digest is masked."""
    counts = _Counts(source.realm.graph, source.written_at)
    for user in source.users(advance):
        for credential in user.credentials:
            if credential_data.is_masked(credential):
                raise Masked(f"The credential of {user.key} is masked.")
        counts.add(person.of(user))
    return counts.result()


class _Counts:
    def __init__(self, graph: RoleGraph, written_at: datetime) -> None:
        self._graph, self._written_at = graph, written_at
        self._found = Inspection()
        self._combinations: Counter[tuple[frozenset[KeycloakRole], tuple[str, ...]]] = Counter()
        self._ids, self._emails, self._usernames = Repeats(), Repeats(), Repeats()

    def add(self, found: Person) -> None:
        """Count a user."""
        counts, user = self._found, found.user
        counts.users += 1
        if found.categories:
            _count(counts.categories, found.categories)
        self._ids.add(user.key)
        if Category.SERVICE_ACCOUNT in found.categories:
            return
        counts.persons += 1
        self._count_credentials(found)
        self._count_roles(user.roles, user.groups)
        if user.required_actions:
            _count(counts.required_actions, user.required_actions)
        if user.identity_providers:
            _count(counts.identity_providers, user.identity_providers)
        if found.email:
            self._emails.add(found.email.lower())
        if found.username:
            self._usernames.add(found.username.lower())
        for name in self._oddities(found):
            self._note(name, user.key)

    def result(self) -> Inspection:
        """The counts so far."""
        self._fold_combinations()
        self._found.repeated = Repeated(self._ids.found(), self._emails.found(), self._usernames.found())
        return self._found

    def _count_credentials(self, found: Person) -> None:
        counts = self._found
        if found.algorithm:
            counts.algorithms[found.algorithm] += 1
        for problem in (found.password_problem, found.totp_problem, *found.losses):
            if problem:
                counts.problems[problem] += 1
        counts.apps += found.totp_secret is not None

    def _count_roles(self, roles: frozenset[KeycloakRole], groups: tuple[str, ...]) -> None:
        self._combinations[roles, groups] += 1
        if len(self._combinations) > COMBINATIONS:
            self._fold_combinations()

    def _fold_combinations(self) -> None:
        for (roles, groups), number in self._combinations.items():
            for role in self._graph.effective(roles, groups):
                use = self._found.roles.setdefault(role, RoleUse())
                use.effective += number
                use.direct += number * (role in roles)
            for path in groups:
                self._found.groups[path] += number
        self._combinations.clear()

    def _oddities(self, found: Person) -> list[str]:
        user, graph, names = found.user, self._graph, []
        if user.id is None:
            names.append("no id")
        if user.created_at is None:
            names.append("time of registration unknown")
        elif user.created_at > self._written_at:
            names.append("registered in the future")
        if not graph.groups.keys() >= set(user.groups):
            names.append("member of a group that the realm does not have")
        if not graph.composites.keys() >= user.roles:
            names.append("holds a role that the realm does not have")
        if not found.email and not found.username:
            names.append("neither an e-mail address nor a username that Clerk accepts")
        if len(user.credentials) > 1 and sum(each.get("type") == "password" for each in user.credentials) > 1:
            names.append("several passwords; the one with the lowest priority counts")
        if user.attributes and _size(user.attributes) > LARGEST_METADATA:
            names.append("attributes larger than Clerk's metadata")
        return names

    def _note(self, name: str, key: str) -> None:
        oddity = self._found.oddities.setdefault(name, Oddity())
        oddity.count += 1
        if len(oddity.examples) < EXAMPLES:
            oddity.examples.append(key)


def _count(counter: Counter[str], names: Iterable[str]) -> None:
    """Like `Counter.update`, several times as fast for few names."""
    for name in names:
        counter[name] += 1


def _size(attributes: Mapping[str, Iterable[str]]) -> int:
    """Bytes of the values, which are counted only if there may be too many."""
    most = sum([len(each) for texts in attributes.values() for each in texts]) * 4
    if most <= LARGEST_METADATA:
        return most
    return sum(len(each.encode(errors="replace")) for texts in attributes.values() for each in texts)


def repeated_counts(found: Inspection) -> dict[str, int]:
    """How many ids, e-mail addresses and usernames occur more than once."""
    repeated = found.repeated
    return {
        "ids": len(repeated.ids),
        "e-mail addresses": len(repeated.emails),
        "usernames": len(repeated.usernames),
    }
