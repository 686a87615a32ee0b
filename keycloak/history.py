"""Reads Keycloak's admin events (JSON Lines, or an array as its API answers): when roles were given and taken.

Only events with details (`representation`) say which role. Others are counted, and prove nothing.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from keycloak import files, json_stream
from keycloak.realm import Realm
from keycloak.refusal import NotAnExport
from keycloak.roles import KeycloakRole
from keycloak.user import items, moment, text

Source: TypeAlias = KeycloakRole | str
"""What a user is given: a role, or the membership of a group by its path."""

_REALM_ROLES, _CLIENT_ROLES, _GROUPS = "REALM_ROLE_MAPPING", "CLIENT_ROLE_MAPPING", "GROUP_MEMBERSHIP"
_GIVEN = {"CREATE": True, "DELETE": False}


@dataclass(frozen=True, slots=True)
class RoleEvent:
    """A role or a membership was given to a user, or taken away."""

    at: datetime
    given: bool
    source: Source
    by: str | None
    """Keycloak's id of the administrator."""


@dataclass(slots=True)
class History:
    """The events of a realm that say something about users' roles."""

    events: dict[str, list[RoleEvent]] = field(default_factory=dict)
    """By Keycloak's id of the user, in the order of the file."""
    read: int = 0
    without_details: int = 0
    """Changes of users' roles that do not say which role."""

    def of(self, user_id: str | None) -> list[RoleEvent]:
        """The events about a user, oldest first."""
        return sorted(self.events.get(user_id or "", ()), key=lambda event: event.at)


def read(path: Path, realm: Realm) -> History:
    """Read a file of admin events; those of other realms are passed over. Raises ExportRefused."""
    files.refuse_readable([path])
    with path.open("rb", buffering=0) as file:
        return collect(json_stream.values(file.read), realm)


def collect(events: Iterable[Any], realm: Realm) -> History:
    """The history of a realm in these events; those of other realms and failed ones are passed over.

    Raises NotAnExport.
    """
    history = History()
    for value in events:
        if not isinstance(value, dict):
            raise NotAnExport("An admin event is not an object.")
        history.read += 1
        if value.get("realmId") in (None, realm.id, realm.name) and not value.get("error"):
            _add(history, value, realm)
    return history


def _add(history: History, event: dict[str, Any], realm: Realm) -> None:
    kind, path = text(event.get("resourceType")), (text(event.get("resourcePath")) or "").split("/", 2)
    given, at = _GIVEN.get(str(event.get("operationType"))), moment(event.get("time"))
    if kind not in (_REALM_ROLES, _CLIENT_ROLES, _GROUPS) or len(path) < 3 or path[0] != "users":
        return
    found = list(_sources(kind, path[2], event.get("representation"), realm))
    if given is None or at is None or not found:
        history.without_details += 1
        return
    author = event.get("authDetails")
    by = text(author.get("userId")) if isinstance(author, dict) else None
    history.events.setdefault(path[1], []).extend(RoleEvent(at, given, source, by) for source in found)


def _sources(kind: str, rest: str, representation: object, realm: Realm) -> Iterator[Source]:
    """What an event names; `rest` is its path after the user's id."""
    details = _parsed(representation)
    if kind == _GROUPS:
        # By id first: the path in the details is that of the time of the event.
        named = text(details.get("path")) if isinstance(details, dict) else None
        path = realm.group_paths.get(rest.removeprefix("groups/")) or named
        if path:
            yield path
        return
    client = realm.client_ids.get(rest.rpartition("/")[2]) if kind == _CLIENT_ROLES else None
    if kind == _CLIENT_ROLES and client is None:
        return
    for role in items(details):
        name = text(role.get("name")) if isinstance(role, dict) else None
        if name:
            yield KeycloakRole(name, client)


def _parsed(representation: object) -> object:
    """The details of an event, which are JSON within text."""
    if not isinstance(representation, str):
        return representation
    try:
        return json.loads(representation)
    except (ValueError, RecursionError):
        return None
