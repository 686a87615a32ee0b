"""Parses the settings of a realm: its roles, groups and clients, and whether secrets are masked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keycloak.refusal import MasterRealm, RealmUnknown, SeveralRealms
from keycloak.roles import Group, KeycloakRole, RoleGraph
from keycloak.user import items, roles, text, texts

MASTER = "master"
MASK = "**********"
"""What exports of the admin console have in place of each secret."""
SETTINGS = frozenset(
    {
        "id", "realm", "keycloakVersion", "roles", "groups", "clients", "applications", "defaultRole", "defaultRoles",
        "components", "identityProviders", "smtpServer", "duplicateEmailsAllowed", "adminEventsDetailsEnabled",
    }
)  # fmt: skip
"""The settings that are read."""
_WITH_SECRETS = ("clients", "applications", "components", "identityProviders", "smtpServer")
_CLIENTS = ("client", "application")


@dataclass(frozen=True, slots=True, kw_only=True)
class Realm:
    """The settings of a realm that matter for its users. Has no secrets."""

    id: str | None
    name: str
    version: str | None
    """Of Keycloak, such as `26.4.7`."""
    graph: RoleGraph
    client_ids: Mapping[str, str]
    """The names of clients, by Keycloak's id."""
    group_paths: Mapping[str, str]
    """The paths of groups, by Keycloak's id."""
    old_default_roles: tuple[str, ...]
    """Roles that Keycloak up to 12 gave to each new user, who holds them directly."""
    duplicate_emails: bool
    """Whether several users may have one e-mail address."""
    records_details: bool
    """Whether admin events say which role was assigned."""
    masked: bool
    """Whether a secret is masked, which only the admin console does."""


def choose(names: Sequence[str], wanted: str | None) -> str:
    """The realm with the wanted name, or the only one beside `master`.

    Raises MasterRealm, SeveralRealms or RealmUnknown.
    """
    usable = [name for name in names if name != MASTER]
    if wanted == MASTER or (wanted is None and not usable):
        raise MasterRealm
    if wanted is None and len(usable) > 1:
        raise SeveralRealms(f"It is one of {', '.join(usable)}.")
    if wanted is not None and wanted not in usable:
        raise RealmUnknown(f"It is one of {', '.join(names)}.")
    return wanted or usable[0]


def parse(settings: Mapping[str, Any]) -> Realm:
    """Parse the settings of a realm by their names in the export."""
    groups = list(_groups(settings.get("groups"), None))
    return Realm(
        id=text(settings.get("id")),
        name=text(settings.get("realm")) or "",
        version=text(settings.get("keycloakVersion")),
        graph=RoleGraph(
            dict(_composites(settings.get("roles"))),
            {group.path: group for _, group in groups},
            _default_role(settings.get("defaultRole")),
        ),
        client_ids=dict(_client_ids(settings)),
        group_paths={identity: group.path for identity, group in groups if identity},
        old_default_roles=texts(settings.get("defaultRoles")),
        duplicate_emails=settings.get("duplicateEmailsAllowed") is True,
        records_details=settings.get("adminEventsDetailsEnabled") is True,
        masked=any(is_masked(settings.get(key)) for key in _WITH_SECRETS),
    )


def is_masked(value: object) -> bool:
    """Whether a value, or one within it, is the mask."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as each if each == MASK:
                return True
            case dict() as each:
                waiting.extend(each.values())
            case list() as each:
                waiting.extend(each)
    return False


def _composites(value: object) -> Iterator[tuple[KeycloakRole, frozenset[KeycloakRole]]]:
    """Every role of the realm and of its clients, with the roles directly within it."""
    if not isinstance(value, dict):
        return
    for role in _dictionaries(value.get("realm")):
        if name := text(role.get("name")):
            yield KeycloakRole(name), frozenset(_contained(role))
    for key in _CLIENTS:
        clients = value.get(key)
        for client, found in clients.items() if isinstance(clients, dict) else ():
            for role in _dictionaries(found):
                if name := text(role.get("name")):
                    yield KeycloakRole(name, client), frozenset(_contained(role))


def _contained(role: Mapping[str, Any]) -> Iterator[KeycloakRole]:
    composites = role.get("composites")
    if not isinstance(composites, dict):
        return
    yield from (KeycloakRole(name) for name in texts(composites.get("realm")))
    for key in _CLIENTS:
        clients = composites.get(key)
        for client, names in clients.items() if isinstance(clients, dict) else ():
            yield from (KeycloakRole(name, client) for name in texts(names))


def _groups(value: object, parent: str | None) -> Iterator[tuple[str | None, Group]]:
    """Each group with Keycloak's id of it, parents first."""
    for group in _dictionaries(value):
        name = text(group.get("name")) or ""
        path = text(group.get("path")) or f"{parent or ''}/{name.replace('/', '~/')}"
        yield text(group.get("id")), Group(path, roles(group), parent)
        yield from _groups(group.get("subGroups"), path)


def _default_role(value: object) -> KeycloakRole | None:
    name = text(value.get("name")) if isinstance(value, dict) else None
    return KeycloakRole(name) if name else None


def _client_ids(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for client in (*_dictionaries(settings.get("clients")), *_dictionaries(settings.get("applications"))):
        identity, name = text(client.get("id")), text(client.get("clientId") or client.get("name"))
        if identity and name:
            yield identity, name


def _dictionaries(value: object) -> Iterable[Mapping[str, Any]]:
    return [each for each in items(value) if isinstance(each, dict)]
