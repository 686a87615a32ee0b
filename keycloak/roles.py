"""Which roles of Keycloak a user holds, and by which path: directly, by a group, within another role, by default."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

REMEMBERED = 10_000
"""Combinations of roles and groups whose effective roles are remembered; most users share a few."""
DIRECT = "direct"
"""The path of a role that was assigned to the user."""


class KeycloakRole(NamedTuple):
    """A role of the realm, or of a client of the realm."""

    name: str
    client: str | None = None

    def __str__(self) -> str:
        """The name; of a client's role with the client, as in `lms:student`."""
        return f"{self.client}:{self.name}" if self.client else self.name


class Group(NamedTuple):
    """A group with the roles that its members hold, without those of its parents."""

    path: str
    roles: frozenset[KeycloakRole]
    parent: str | None


Held = Mapping[KeycloakRole, str]
"""Effective roles, each with the shortest path to it, such as `group /School > role tutor`."""


class RoleGraph:
    """The roles and groups of a realm. A role may contain others (composites); these relations may have cycles."""

    def __init__(
        self,
        composites: Mapping[KeycloakRole, frozenset[KeycloakRole]],
        groups: Mapping[str, Group],
        default: KeycloakRole | None = None,
    ) -> None:
        self.composites, self.groups, self.default = composites, groups, default
        self._remembered: dict[tuple[frozenset[KeycloakRole], tuple[str, ...]], Held] = {}

    def effective(self, direct: frozenset[KeycloakRole], groups: tuple[str, ...]) -> Held:
        """All roles that follow from direct roles and from the paths of groups; unknown groups give none."""
        key = (direct, groups)
        held = self._remembered.get(key)
        if held is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            held = self._remembered[key] = self._effective(direct, groups)
        return held

    def reached(self, direct: frozenset[KeycloakRole], groups: tuple[str, ...]) -> Held:
        """Like `effective`, without the default role; the path of a direct role is empty."""
        return {role: " > ".join(path) for role, path in self._closed(self._given(direct, groups)).items()}

    def lineage(self, path: str) -> Iterator[Group]:
        """A group and its parents, nearest first; none if the group is unknown."""
        group = self.groups.get(path)
        while group:
            yield group
            group = self.groups.get(group.parent) if group.parent else None

    def _effective(self, direct: frozenset[KeycloakRole], groups: tuple[str, ...]) -> Held:
        found = self._given(direct, groups)
        if self.default:
            found.setdefault(self.default, ("default",))
        return {role: " > ".join(path) or DIRECT for role, path in self._closed(found).items()}

    def _given(self, direct: frozenset[KeycloakRole], groups: Iterable[str]) -> dict[KeycloakRole, tuple[str, ...]]:
        """Direct roles and those of groups and their parents, without the roles within them."""
        found: dict[KeycloakRole, tuple[str, ...]] = dict.fromkeys(sorted(direct, key=str), ())
        for path in groups:
            for group in self.lineage(path):
                for role in group.roles:
                    found.setdefault(role, (f"group {group.path}",))
        return found

    def _closed(self, found: dict[KeycloakRole, tuple[str, ...]]) -> dict[KeycloakRole, tuple[str, ...]]:
        """Add the roles within those found, breadth first."""
        waiting = deque(found)
        while waiting:
            role = waiting.popleft()
            for inner in sorted(self.composites.get(role, ()), key=str):
                if inner not in found:
                    found[inner] = (*found[role], f"role {role}")
                    waiting.append(inner)
        return found
