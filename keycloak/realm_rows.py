"""Builds the settings of a realm, as an export has them, from rows of Keycloak's database."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class RoleRow(NamedTuple):
    """A role, with the name of its client if it is not one of the realm."""

    id: str
    name: str
    client: str | None


class GroupRow(NamedTuple):
    """A group."""

    id: str
    name: str
    parent: str | None


class Roles:
    """The roles of a realm by Keycloak's id."""

    def __init__(self, rows: Iterable[RoleRow]) -> None:
        self.rows = {row.id: row for row in rows}

    def named(self, ids: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
        """The names of roles: those of the realm, and those of each client. Unknown ids are passed over."""
        realm: list[str] = []
        clients: dict[str, list[str]] = {}
        for row in filter(None, map(self.rows.get, ids)):
            (clients.setdefault(row.client, []) if row.client else realm).append(row.name)
        return realm, clients


def roles(found: Roles, composites: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The member `roles`, given the ids of the roles within each role."""
    realm: list[dict[str, Any]] = []
    clients: dict[str, list[dict[str, Any]]] = {}
    for row in found.rows.values():
        within, of_clients = found.named(composites.get(row.id, ()))
        role = {"name": row.name, "composites": {"realm": within, "client": of_clients}}
        (clients.setdefault(row.client, []) if row.client else realm).append(role)
    return {"realm": realm, "client": clients}


def groups(rows: Iterable[GroupRow], given: Mapping[str, Sequence[str]], found: Roles) -> list[dict[str, Any]]:
    """The member `groups`, given the ids of the roles of each group."""
    children: dict[str | None, list[GroupRow]] = {}
    for row in rows:
        children.setdefault(row.parent, []).append(row)

    def within(parent: str | None) -> list[dict[str, Any]]:
        return [_group(row, within(row.id), given, found) for row in children.get(parent, ())]

    return within(None)


def _group(
    row: GroupRow, inner: list[dict[str, Any]], given: Mapping[str, Sequence[str]], found: Roles
) -> dict[str, Any]:
    realm, clients = found.named(given.get(row.id, ()))
    return {"id": row.id, "name": row.name, "realmRoles": realm, "clientRoles": clients, "subGroups": inner}
