"""Tables with the names and columns of Keycloak's own, of version 26 and of version 7, and a realm in them."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from tests.keycloak.exports import Data

SCHEMA = "kc"
_TEXTS = {
    "client": "id client_id realm_id secret",
    "keycloak_role": "id name client realm_id",
    "composite_role": "composite child_role",
    "keycloak_group": "id name parent_group realm_id",
    "group_role_mapping": "group_id role_id",
    "admin_event_entity": "id realm_id operation_type auth_user_id resource_path representation resource_type error",
    "federated_user": "id realm_id",
}
_OF_USERS = {
    "{}_attribute": "id name value user_id",
    "{}_role_mapping": "role_id user_id",
    "{}_group_membership": "group_id user_id",
    "{}_required_action": "required_action user_id",
}
_CREDENTIAL = "id text, type text, user_id text, created_date bigint, salt bytea"
_NEW = f"{_CREDENTIAL}, secret_data text, credential_data text, priority integer"
_OLD = f"""
    {_CREDENTIAL}, value text, hash_iterations integer, algorithm text, counter integer, digits integer, period integer
"""
_COMMON = """
    create table user_entity (
        id text, username text, email text, email_verified boolean, enabled boolean, first_name text, last_name text,
        created_timestamp bigint, federation_link text, service_account_client_link text, realm_id text);
    create table realm (id text, name text, duplicate_emails_allowed boolean, admin_events_details_enabled boolean);
    create table migration_model (id text, version text);
    create table federated_identity (identity_provider text, user_id text);
    create table broker_link (identity_provider text, user_id text);
"""
_OF_NEW = """
    alter table realm add default_role text;
    alter table migration_model add update_time bigint;
    alter table user_attribute add long_value text;
    alter table fed_user_attribute add long_value text;
    alter table keycloak_group add type integer default 0;
    alter table admin_event_entity add details_json text;
"""


class KeycloakTables:
    """Keycloak's tables in a schema of their own; `is_new`: as of version 26, else as of version 7."""

    def __init__(self, connection: psycopg.Connection[Any], *, is_new: bool = True) -> None:
        self._connection, self._is_new = connection, is_new
        connection.execute(f"create schema {SCHEMA}; set search_path = {SCHEMA}")
        for table, columns in _tables():
            connection.execute(f"create table {table} ({', '.join(f'{column} text' for column in columns.split())})")
        connection.execute(_COMMON)
        connection.execute("alter table admin_event_entity add admin_event_time bigint")
        for table in ("credential", "fed_user_credential"):
            connection.execute(f"create table {table} ({_NEW if is_new else _OLD})")
        if is_new:
            connection.execute(_OF_NEW)

    def add_realm(self, settings: Data) -> None:
        """Store the settings of a realm, in the form of an export."""
        realm = settings["id"]
        more = {"default_role": f"realm:{settings['defaultRole']['name']}"} if self._is_new else {}
        self._add(
            "realm",
            id=realm,
            name=settings["realm"],
            duplicate_emails_allowed=False,
            admin_events_details_enabled=settings["adminEventsDetailsEnabled"],
            **more,
        )
        versions = {"25.0.0": 1, settings["keycloakVersion"]: 2} if self._is_new else {settings["keycloakVersion"]: 0}
        for version, at in versions.items():
            self._add("migration_model", id=version, version=version, **({"update_time": at} if self._is_new else {}))
        for client in settings["clients"]:
            self._add(
                "client", id=client["id"], client_id=client["clientId"], realm_id=realm, secret=client.get("secret")
            )
        clients = {client["clientId"]: client["id"] for client in settings["clients"]}
        for client, roles in (("realm", settings["roles"]["realm"]), *settings["roles"]["client"].items()):
            for role in roles:
                identity = f"{client}:{role['name']}"
                self._add("keycloak_role", id=identity, name=role["name"], client=clients.get(client), realm_id=realm)
                within = role.get("composites", {})
                for inner in _role_ids(within.get("realm", ()), within.get("client", {})):
                    self._add("composite_role", composite=identity, child_role=inner)
        self._add_groups(realm, settings["groups"], None)

    def add_user(self, realm: str, user: Data, *, federated: bool = False) -> None:
        """Store a user, in the form of an export."""
        prefix = "fed_user" if federated else "user"
        if federated:
            self._add("federated_user", id=user["id"], realm_id=realm)
        else:
            self._add(
                "user_entity",
                id=user["id"],
                username=user["username"],
                email=user["email"],
                email_verified=user["emailVerified"],
                enabled=user["enabled"],
                first_name=user.get("firstName"),
                last_name=user.get("lastName"),
                created_timestamp=user["createdTimestamp"],
                federation_link=user.get("federationLink"),
                service_account_client_link=user.get("serviceAccountClientId"),
                realm_id=realm,
            )
        of_user = {"user_id": user["id"]}
        for role in _role_ids(user.get("realmRoles", ()), user.get("clientRoles", {})):
            self._add(f"{prefix}_role_mapping", role_id=role, **of_user)
        for path in user.get("groups", ()):
            self._add(f"{prefix}_group_membership", group_id=f"g-{path}", **of_user)
        for action in user.get("requiredActions", ()):
            self._add(f"{prefix}_required_action", required_action=action, **of_user)
        for identity in user.get("federatedIdentities", ()):
            table = "broker_link" if federated else "federated_identity"
            self._add(table, identity_provider=identity["identityProvider"], **of_user)
        for name, texts in user.get("attributes", {}).items():
            for number, text in enumerate(texts):
                column = "long_value" if self._is_new and len(text) > 255 else "value"
                self._add(f"{prefix}_attribute", id=str(number), name=name, **{column: text}, **of_user)
        for number, credential in enumerate(user.get("credentials", ())):
            self._add_credential("fed_user_credential" if federated else "credential", number, credential, of_user)

    def add_event(self, realm: str, event: Data) -> None:
        """Store an admin event, in the form of Keycloak's API."""
        self._add(
            "admin_event_entity",
            id=str(event["time"]),
            admin_event_time=event["time"],
            realm_id=realm,
            operation_type=event["operationType"],
            auth_user_id=event["authDetails"]["userId"],
            resource_path=event["resourcePath"],
            resource_type=event["resourceType"],
            representation=event["representation"],
            error=event.get("error"),
        )

    def _add_groups(self, realm: str, groups: Iterable[Data], parent: str | None) -> None:
        for group in groups:
            # Keycloak 26 writes a blank where a group has no parent.
            given = parent or (" " if self._is_new else None)
            self._add("keycloak_group", id=group["id"], name=group["name"], parent_group=given, realm_id=realm)
            for role in _role_ids(group["realmRoles"], group["clientRoles"]):
                self._add("group_role_mapping", group_id=group["id"], role_id=role)
            self._add_groups(realm, group["subGroups"], group["id"])

    def _add_credential(self, table: str, number: int, credential: Data, of_user: Data) -> None:
        common = {"id": str(number), "type": credential["type"], "created_date": credential.get("createdDate")}
        if self._is_new:
            secret, salt = credential["secretData"], None
            if number == 0 and "salt" in json.loads(secret):
                # As a credential of Keycloak 7 that was not used since.
                salt = json.loads(secret)["salt"]
                secret = secret.replace(json.dumps(salt), '"__SALT__"')
            data = {"secret_data": secret, "credential_data": credential["credentialData"], "priority": 10 + number}
        else:
            salt = credential.get("salt")
            data = {
                "value": credential["hashedSaltedValue"],
                "hash_iterations": credential.get("hashIterations"),
                **{name: credential.get(name) for name in ("algorithm", "digits", "period", "counter")},
            }
        self._add(table, **common, **data, salt=salt and base64.b64decode(salt), **of_user)

    def _add(self, table: str, **values: object) -> None:
        self._connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )


def _tables() -> Iterator[tuple[str, str]]:
    yield from _TEXTS.items()
    for prefix in ("user", "fed_user"):
        yield from ((table.format(prefix), columns) for table, columns in _OF_USERS.items())


def _role_ids(realm: Sequence[str], clients: dict[str, Sequence[str]]) -> list[str]:
    return [f"realm:{name}" for name in realm] + [f"{client}:{name}" for client in clients for name in clients[client]]
