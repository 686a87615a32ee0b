"""Plans in which windows of time a person held and holds our roles, and what proves it. Pure.

An admin event proves when a role was given or taken. Without one, LEARNER is held since the registration, and the
others since the export, which shows them. What a role contains is known as of the export only; so an ADMIN's past needs
an event that names the role or group which the map turns into ADMIN.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from akako_guard.role import Role
from keycloak.history import RoleEvent, Source
from keycloak.mapping import RoleMap
from keycloak.roles import KeycloakRole, RoleGraph
from keycloak.user import User


class Evidence(StrEnum):
    """What proves the start of a window."""

    ADMIN_EVENT = "admin_event"
    REGISTRATION = "registration"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Window:
    """An Akako role, held from `start` until `end`; open if there is no end."""

    role: Role
    start: datetime
    end: datetime | None
    path: str
    """By which the user holds it in Keycloak, such as `group /House > role tutor`."""
    evidence: Evidence
    by: str | None = None
    """Keycloak's id of the administrator who gave it."""


class Target(NamedTuple):
    """An Akako role that follows from a source."""

    role: Role
    path: str
    named: bool
    """Whether the map names the source itself."""


class WindowPlanner:
    """Plans the windows of the users of one export."""

    def __init__(self, graph: RoleGraph, roles: RoleMap, exported_at: datetime) -> None:
        self._graph, self._map, self._exported_at = graph, roles, exported_at
        self._targets = cache(lambda source: tuple(self._follow(source)))

    def plan(self, user: User, events: Sequence[RoleEvent] = ()) -> list[Window]:
        """The windows of a user, by role and start; those of one role do not overlap.

        Events are in order of time; those after the export are not used.
        """
        known = [event for event in events if event.at <= self._exported_at]
        held: set[Source] = {*user.roles, *user.groups}
        sources = dict.fromkeys([*sorted(held, key=str), *(event.source for event in known)])
        found = [
            window
            for source in sources
            for window in self._of_source(
                user, source, source in held, [each for each in known if each.source == source]
            )
        ]
        if self._map.effective and self._graph.default and self._graph.default not in held:
            found += [self._since_known(user, target) for target in self._targets(self._graph.default)]
        return list(_merged(found))

    def _of_source(self, user: User, source: Source, held: bool, events: Sequence[RoleEvent]) -> Iterator[Window]:
        closed, opened = _intervals(events)
        for target in self._targets(source):
            proven = target.named or target.role is not Role.ADMIN
            for start, end in closed if proven else ():
                yield Window(target.role, start.at, end.at, target.path, Evidence.ADMIN_EVENT, start.by)
            if held and opened and proven:
                yield Window(target.role, opened.at, None, target.path, Evidence.ADMIN_EVENT, opened.by)
            elif held:
                yield self._since_known(user, target)

    def _since_known(self, user: User, target: Target) -> Window:
        registered = user.created_at
        if target.role is Role.LEARNER and registered and registered <= self._exported_at:
            return Window(target.role, registered, None, target.path, Evidence.REGISTRATION)
        return Window(target.role, self._exported_at, None, target.path, Evidence.EXPORT)

    def _follow(self, source: Source) -> Iterator[Target]:
        """What follows from a role or a group, given what the realm says at the export."""
        if isinstance(source, KeycloakRole):
            yield from self._from_roles((source,), ())
            return
        groups = list(self._graph.lineage(source))
        for group in groups if self._map.effective else groups[:1]:
            if role := self._map.target_of_group(group.path):
                yield Target(role, f"group {group.path}", group.path == source)
        if self._map.effective:
            yield from self._from_roles((), (source,))

    def _from_roles(self, direct: Iterable[KeycloakRole], groups: tuple[str, ...]) -> Iterator[Target]:
        roles = frozenset(direct)
        reached = self._graph.reached(roles, groups) if self._map.effective else dict.fromkeys(roles, "")
        for keycloak_role, path in reached.items():
            if role := self._map.target(keycloak_role):
                steps = f"{path} > role {keycloak_role}" if path else f"role {keycloak_role}"
                yield Target(role, steps, keycloak_role in roles)


def _intervals(events: Iterable[RoleEvent]) -> tuple[list[tuple[RoleEvent, RoleEvent]], RoleEvent | None]:
    """The times between being given and being taken, and the event that gave it last if none took it."""
    closed, opened = [], None
    for event in events:
        if event.given:
            opened = opened or event
        elif opened:
            closed.append((opened, event))
            opened = None
    return closed, opened


def _merged(windows: Iterable[Window]) -> Iterator[Window]:
    """Windows of one role that overlap become one, with the evidence of the earliest."""
    last: Window | None = None
    for window in sorted(windows, key=lambda each: (each.role, each.start, each.evidence, each.path)):
        if window.end is not None and window.end <= window.start:
            continue
        if last and last.role is window.role and (last.end is None or window.start < last.end):
            last = replace(last, end=_later(last.end, window.end))
            continue
        if last:
            yield last
        last = window
    if last:
        yield last


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
